/// Load for tests/bench/ingest and tests/bench/mixed: signed webhooks over keep-alive connections, one request in
/// flight on each, from one thread. Every message is new; the senders are drawn from a fixed number of contacts. Prints
/// one line of JSON.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "bench/signed_webhooks.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using patchbay::bench::SignedWebhooks;

struct Options {
  SignedWebhooks::Options webhooks;
  std::string host = "127.0.0.1";
  int port = 0, connections = 32;
  double seconds = 5;
  std::size_t prepare = 0;  ///< requests made before the clock starts
};

[[noreturn]] void usage(const std::string& problem) {
  if (!problem.empty()) std::fprintf(stderr, "patchbay-bench-webhooks: %s\n", problem.c_str());
  std::fprintf(problem.empty() ? stdout : stderr,
               "usage: patchbay-bench-webhooks --config FILE --connectors FOLDER --templates FOLDER --port N\n"
               "         [--channels TENANT/CHANNEL,...] [--host A] [--connections 32] [--contacts 20000] [--seconds "
               "5] [--run WORD]\n"
               "         [--prepare REQUESTS] [--certificate-port N]\n");
  std::exit(problem.empty() ? 0 : 2);
}

Options parse(int argc, char** argv) {
  Options o;
  auto& w = o.webhooks;
  w.run = "a";
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--help") usage("");
    if (i + 1 >= argc) usage(name + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--config")
      w.config = value;
    else if (name == "--connectors")
      w.connectors = value;
    else if (name == "--templates")
      w.templates = value;
    else if (name == "--channels")
      for (const auto channel : patchbay::split(value, ',')) w.channels.emplace_back(channel);
    else if (name == "--contacts")
      w.contacts = static_cast<unsigned>(std::stoul(value));
    else if (name == "--run")
      w.run = value;
    else if (name == "--certificate-port")
      w.certificate_port = static_cast<std::uint16_t>(std::stoi(value));
    else if (name == "--prepare")
      o.prepare = static_cast<std::size_t>(std::stoul(value));
    else if (name == "--host")
      o.host = value;
    else if (name == "--port")
      o.port = std::stoi(value);
    else if (name == "--connections")
      o.connections = std::stoi(value);
    else if (name == "--seconds")
      o.seconds = std::stod(value);
    else
      usage("unknown option " + name);
  }
  if (o.port == 0 || w.config.empty() || w.connectors.empty() || w.templates.empty()) usage("missing options");
  return o;
}

struct Connection {
  int fd = -1;
  std::string out;
  std::size_t sent = 0;
  std::string in;
  Clock::time_point started;
};

class Load {
 public:
  explicit Load(Options options)
      : options_(std::move(options)), webhooks_(options_.webhooks), epoll_(epoll_create1(0)) {}

  void run() {
    webhooks_.prepare(options_.prepare);
    connections_.resize(static_cast<std::size_t>(options_.connections));
    const auto begin = Clock::now();
    end_ = begin + std::chrono::microseconds(static_cast<long long>(options_.seconds * 1e6));
    for (auto& connection : connections_) {
      connect(connection);
      next(connection);
    }
    open_ = options_.connections;
    std::vector<epoll_event> ready(256);
    while (open_ > 0) {
      const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 60000);
      if (count <= 0) throw std::runtime_error("no answer within 60 s");
      for (int i = 0; i < count; ++i) serve(*static_cast<Connection*>(ready[static_cast<std::size_t>(i)].data.ptr));
    }
    const double took = std::chrono::duration<double>(Clock::now() - begin).count();
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [this](double q) {
      return latencies_.empty() ? 0.0
                                : latencies_[static_cast<std::size_t>(q * static_cast<double>(latencies_.size() - 1))];
    };
    std::printf(
        R"({"connections":%d,"answers":%zu,"errors":%ld,"lost":%ld,"seconds":%.3f,"per_second":%.1f,"p50_ms":%.2f,"p99_ms":%.2f,"max_ms":%.2f})"
        "\n",
        options_.connections, latencies_.size(), errors_, lost_, took, static_cast<double>(latencies_.size()) / took,
        at(0.5), at(0.99), at(1.0));
  }

  long errors() const { return errors_; }

 private:
  void connect(Connection& c) {
    c.fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr);
    if (::connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error(std::string("cannot connect: ") + std::strerror(errno));
    const int one = 1;
    setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c.fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &c;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
  }

  void next(Connection& c) {
    c.out = webhooks_.next();
    c.in.clear();
    c.started = Clock::now();
    // A request of a few KB fits an empty socket buffer. When it is not taken the host has gone, and the next read says
    // so.
    if (const auto taken = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
        taken >= 0 && taken != static_cast<ssize_t>(c.out.size()))
      throw std::runtime_error("the socket took a part of a request");
  }

  void serve(Connection& c) {
    char buffer[4096];
    const ssize_t got = ::recv(c.fd, buffer, sizeof buffer, 0);
    if (got <= 0) {  // the host has gone: nobody knows what became of this one
      ++lost_;
      close(c.fd);
      --open_;
      return;
    }
    c.in.append(buffer, static_cast<std::size_t>(got));
    const auto header = c.in.find("\r\n\r\n");
    if (header == std::string::npos) return;
    const auto length_at = c.in.find("Content-Length: ");
    const std::size_t length = length_at < header ? std::strtoul(c.in.c_str() + length_at + 16, nullptr, 10) : 0;
    if (c.in.size() < header + 4 + length) return;
    if (c.in.compare(9, 3, "200") == 0) {
      latencies_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - c.started).count());
    } else if (++errors_ == 1) {
      std::fprintf(stderr, "first refusal: %s\n", c.in.substr(0, 300).c_str());
    }
    if (Clock::now() < end_) return next(c);
    close(c.fd);
    --open_;
  }

  Options options_;
  SignedWebhooks webhooks_;
  int epoll_;
  std::vector<Connection> connections_;
  std::vector<double> latencies_;  // milliseconds
  Clock::time_point end_;
  long errors_ = 0, lost_ = 0;
  int open_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Load load(parse(argc, argv));
    load.run();
    return load.errors() == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "patchbay-bench-webhooks: %s\n", error.what());
    return 1;
  }
}
