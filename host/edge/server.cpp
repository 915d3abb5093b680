#include "edge/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/log.hpp"
#include "edge/listen_error.hpp"
#include "edge/loop.hpp"

namespace patchbay::edge {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kRemedy = "choose another port with PORT or --port";
constexpr int kBacklog = 1024;  // the system's own limit (somaxconn) may be lower
// After "too many open files" and the like: the waiting client stays in the backlog.
constexpr std::chrono::milliseconds kAcceptBackOff{100};
constexpr std::size_t kOtherDescriptors = 512;  // files, database, requests to providers
constexpr std::chrono::seconds kLookEvery{2};   // at the files of the certificate

// Many systems give a process 1024 descriptors unless it asks for more, and then four thousand connections are a
// promise that nobody keeps.
void raiseDescriptorLimit(std::size_t connections) {
  const rlim_t wanted = connections + kOtherDescriptors;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted) {
    log::warn(
        "edge", "the system allows fewer descriptors than max_connections needs (ulimit -n)",
        {{"allowed", static_cast<std::uint64_t>(limit.rlim_cur)}, {"needed", static_cast<std::uint64_t>(wanted)}});
  }
}

tcp::endpoint endpointOf(const ServerOptions& options) {
  error_code error;
  const auto address = boost::asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error) {
    throw ListenError("cannot listen on '" + options.host +
                      "': this is not an IP address; use 0.0.0.0 for all addresses or 127.0.0.1 for this machine only "
                      "(HOST or --host)");
  }
  return {address, options.port};
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, http::Handler& handler) : shared_(options, handler) {
    for (unsigned i = 0; i < std::max(1U, options.io_threads); ++i) loops_.push_back(std::make_unique<Loop>(shared_));
    acceptor_ = std::make_unique<tcp::acceptor>(loops_.front()->io());
    pause_ = std::make_unique<boost::asio::steady_timer>(loops_.front()->io());
    raiseDescriptorLimit(shared_.options.max_connections);
    listen(options);
    if (shared_.tls) {
      look_ = std::make_unique<boost::asio::steady_timer>(loops_.front()->io());
      lookAtCertificate();
    }
    accept();
    for (const auto& loop : loops_) loop->start();
  }

  ~Impl() {
    stop(std::chrono::milliseconds{0});
    acceptor_.reset();
    pause_.reset();
    look_.reset();
  }

  std::uint16_t port() const { return port_; }

  ServerStats stats() const {
    ServerStats stats = shared_.stats();
    for (const auto& loop : loops_) stats.idle += loop->idle();
    return stats;
  }

  bool reloadCertificate() { return shared_.tls && shared_.tls->reload(); }

  void stop(std::chrono::milliseconds grace) {
    if (stopped_) return;
    stopped_ = true;
    boost::asio::post(loops_.front()->io(), [this] {
      error_code ignored;
      acceptor_->close(ignored);
      pause_->cancel();
      if (look_) look_->cancel();
    });
    for (const auto& loop : loops_) {
      boost::asio::post(loop->io(), [&loop = *loop] { loop.drain(); });
    }
    {
      std::unique_lock lock(shared_.empty_mutex);
      shared_.empty.wait_for(lock, grace, [this] { return shared_.connections.load() == 0; });
    }
    for (const auto& loop : loops_) {
      boost::asio::post(loop->io(), [&loop = *loop] { loop.cutAll(); });
    }
    for (const auto& loop : loops_) loop->join();
  }

 private:
  void listen(const ServerOptions& options) {
    const tcp::endpoint endpoint = endpointOf(options);
    error_code error;
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(kBacklog, error);
    if (error) throw ListenError(listenErrorText(options.host, options.port, error.value(), kRemedy));
    port_ = acceptor_->local_endpoint().port();
  }

  // [first I/O thread] Connections go round the threads in turn.
  void accept() {
    Loop& loop = *loops_[turn_++ % loops_.size()];
    acceptor_->async_accept(loop.io(), peer_, [this, &loop](const error_code& error, tcp::socket socket) {
      if (!acceptor_->is_open()) return;
      if (error) return onAcceptError(error);
      admit(loop, std::move(socket));
      accept();
    });
  }

  void admit(Loop& loop, tcp::socket socket) {
    Shared::add(shared_.accepted);
    error_code ignored;  // the client may be gone already; the first read finds out
    socket.set_option(tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    shared_.connections.fetch_add(1);
    if (&loop == loops_.front().get()) {
      loop.adopt(std::move(socket), peer_.address().to_string());
    } else {
      boost::asio::post(loop.io(),
                        [&loop, socket = std::move(socket), address = peer_.address().to_string()]() mutable {
                          loop.adopt(std::move(socket), address);
                        });
    }
  }

  // [first I/O thread] Two stat calls; what is rare, reading the files, takes a millisecond.
  void lookAtCertificate() {
    look_->expires_after(kLookEvery);
    look_->async_wait([this](const error_code& error) {
      if (error) return;
      shared_.tls->look();
      lookAtCertificate();
    });
  }

  void onAcceptError(const error_code& error) {
    if (error.value() == ECONNABORTED) return accept();  // that client is gone; the next is not
    // Said once per episode: with no descriptors left this comes ten times a second.
    if (shared_.accept_errors.fetch_add(1, std::memory_order_relaxed) % 100 == 0) {
      log::error("edge", "cannot accept connections; trying again", {{"why", error.message()}});
    }
    pause_->expires_after(kAcceptBackOff);
    pause_->async_wait([this](const error_code&) {
      if (acceptor_->is_open()) accept();
    });
  }

  Shared shared_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::unique_ptr<boost::asio::steady_timer> pause_;
  std::unique_ptr<boost::asio::steady_timer> look_;  // null without TLS
  tcp::endpoint peer_;
  std::size_t turn_ = 0;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
};

Server::Server(const ServerOptions& options, http::Handler& handler)
    : impl_(std::make_unique<Impl>(options, handler)) {}
Server::~Server() = default;

std::uint16_t Server::port() const {
  return impl_->port();
}

ServerStats Server::stats() const {
  return impl_->stats();
}

bool Server::reloadCertificate() {
  return impl_->reloadCertificate();
}

void Server::stop(std::chrono::milliseconds grace) {
  impl_->stop(grace);
}

}  // namespace patchbay::edge
