#include "simulators/common/http_server.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

#include <condition_variable>
#include <cstdio>
#include <exception>
#include <iterator>
#include <mutex>
#include <stdexcept>

#include "base/text.hpp"

namespace patchbay::simulators {
namespace {

/// In blocks: mails of 30 MB come by, and an iterator goes byte by byte.
void readAll(std::istream& stream, std::string& body) {
  char block[1U << 16U];
  while (stream.read(block, sizeof block) || stream.gcount() > 0)
    body.append(block, static_cast<std::size_t>(stream.gcount()));
}

namespace net = Poco::Net;

/// Enough for a host that opens many connections at once; each costs a thread only while it lives.
constexpr int kMaxConnections = 600;

void parseQuery(std::string_view text, std::map<std::string, std::string>& out) {
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    std::string name;
    std::string value;
    if (!percentDecode(pair.substr(0, equals), true, name)) continue;
    if (equals != std::string_view::npos && !percentDecode(pair.substr(equals + 1), true, value)) continue;
    out[name] = value;
  }
}

void readHead(const net::HTTPServerRequest& from, HttpRequest& to) {
  to.method = from.getMethod();
  to.target = from.getURI();
  const auto mark = to.target.find('?');
  to.path = to.target.substr(0, mark);
  if (mark != std::string::npos) parseQuery(std::string_view(to.target).substr(mark + 1), to.query);
  for (const auto& [name, value] : from) to.headers.emplace_back(name, value);
}

std::string headOf(const HttpReply& reply) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " " +
                     net::HTTPResponse::getReasonForStatus(static_cast<net::HTTPResponse::HTTPStatus>(reply.status)) +
                     "\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  return head + "Content-Length: " + std::to_string(reply.body.size()) + "\r\nConnection: close\r\n\r\n";
}

}  // namespace

std::string HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (equalsIgnoreCase(key, name)) return value;
  return {};
}

std::string HttpRequest::parameter(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

struct HttpServer::Impl {
  Impl(const std::string& listen_host, Handler on_request, Gate before_body)
      : host(listen_host), handler(std::move(on_request)), gate(std::move(before_body)) {}

  std::string host;
  Handler handler;
  Gate gate;
  net::ServerSocket socket;
  std::uint16_t port = 0;
  Poco::ThreadPool pool{8, kMaxConnections + 16};
  std::unique_ptr<net::HTTPServer> server;

  std::mutex mutex;  // guards held and generation
  std::condition_variable changed;
  std::vector<net::StreamSocket> held;
  std::uint64_t generation = 0;  // each release() starts a new one

  void hold(net::StreamSocket peer) {
    const std::lock_guard lock(mutex);
    // A client that gave up has closed its end: what can be read from it is the end of the stream.
    std::erase_if(held, [](net::StreamSocket& old) {
      return old.poll(Poco::Timespan(0), net::Socket::SELECT_READ | net::Socket::SELECT_ERROR);
    });
    held.push_back(std::move(peer));
  }

  void dribble(net::StreamSocket peer, const HttpReply& reply) {
    const std::string bytes = headOf(reply) + reply.body;
    std::unique_lock lock(mutex);
    const auto mine = generation;
    for (const char byte : bytes) {
      lock.unlock();
      peer.sendBytes(&byte, 1);
      lock.lock();
      if (changed.wait_for(lock, reply.dribble_pause, [&] { return generation != mine; })) return;
    }
  }

  void serve(net::HTTPServerRequest& incoming, net::HTTPServerResponse& outgoing) {
    auto& connection = dynamic_cast<net::HTTPServerRequestImpl&>(incoming);
    HttpRequest request;
    readHead(incoming, request);
    if (gate && gate(request)) {
      auto peer = connection.detachSocket();
      peer.setLinger(true, 0);  // unread bytes or not, the peer gets a reset
      peer.close();
      return;
    }
    // Without length and without chunks there is no body; Poco would read until the client closes.
    if (incoming.hasContentLength() || incoming.getChunkedTransferEncoding())
      readAll(incoming.stream(), request.body);
    const HttpReply reply = handler(request);
    switch (reply.manner) {
      case Manner::kNeverAnswer:
        return hold(connection.detachSocket());
      case Manner::kClose:
        connection.detachSocket().close();
        return;
      case Manner::kDribble: {
        auto peer = connection.detachSocket();
        dribble(peer, reply);
        peer.close();
        return;
      }
      case Manner::kAnswer:
        break;
    }
    outgoing.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(reply.status));
    for (const auto& [name, value] : reply.headers) outgoing.set(name, value);
    outgoing.sendBuffer(reply.body.data(), reply.body.size());  // one segment
  }
};

namespace {

/// Poco answers nothing at all when a handler throws something of the standard library, so nothing leaves here.
class Adapter final : public net::HTTPRequestHandler {
 public:
  explicit Adapter(std::function<void(net::HTTPServerRequest&, net::HTTPServerResponse&)> serve)
      : serve_(std::move(serve)) {}

  void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override {
    try {
      serve_(request, response);
    } catch (const Poco::Exception&) {
      response.setKeepAlive(false);  // the peer went away: nothing to tell it
    } catch (const std::exception& error) {
      std::fprintf(stderr, "patchbay-simulate: %s %s: %s\n", request.getMethod().c_str(), request.getURI().c_str(),
                   error.what());
      if (response.sent()) return;
      const std::string text = error.what();
      response.setStatusAndReason(net::HTTPResponse::HTTP_INTERNAL_SERVER_ERROR);
      response.setContentType("text/plain; charset=utf-8");
      response.sendBuffer(text.data(), text.size());
    }
  }

 private:
  std::function<void(net::HTTPServerRequest&, net::HTTPServerResponse&)> serve_;
};

class AdapterFactory final : public net::HTTPRequestHandlerFactory {
 public:
  explicit AdapterFactory(std::function<void(net::HTTPServerRequest&, net::HTTPServerResponse&)> serve)
      : serve_(std::move(serve)) {}
  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override { return new Adapter(serve_); }

 private:
  std::function<void(net::HTTPServerRequest&, net::HTTPServerResponse&)> serve_;
};

}  // namespace

HttpServer::HttpServer(const std::string& host, std::uint16_t port, Handler handler, Gate gate)
    : impl_(std::make_unique<Impl>(host, std::move(handler), std::move(gate))) {
  try {
    // The one-argument bind also sets SO_REUSEPORT, and a second simulator would share the port unnoticed.
    impl_->socket.bind(net::SocketAddress(host, port), true, false);
    impl_->socket.listen(512);
  } catch (const Poco::Exception& error) {
    throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) + ": " + error.displayText());
  }
  impl_->port = impl_->socket.address().port();
  Poco::AutoPtr<net::HTTPServerParams> params(new net::HTTPServerParams);
  params->setMaxThreads(kMaxConnections);
  params->setMaxQueued(kMaxConnections);
  params->setKeepAlive(true);
  params->setKeepAliveTimeout(Poco::Timespan(15, 0));
  params->setThreadIdleTime(Poco::Timespan(0, 100'000));  // parked threads hold up the stop this long
  auto serve = [this](net::HTTPServerRequest& request, net::HTTPServerResponse& response) {
    impl_->serve(request, response);
  };
  impl_->server =
      std::make_unique<net::HTTPServer>(new AdapterFactory(std::move(serve)), impl_->pool, impl_->socket, params);
}

void HttpServer::start() {
  impl_->server->start();
}

HttpServer::~HttpServer() {
  impl_->server->stop();
  impl_->socket.close();
  release();
  impl_->server->stopAll(true);
  impl_->pool.joinAll();
  impl_->server.reset();
}

std::uint16_t HttpServer::port() const {
  return impl_->port;
}

std::string HttpServer::url() const {
  return "http://" + impl_->host + ":" + std::to_string(impl_->port);
}

void HttpServer::release() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->held.clear();
    ++impl_->generation;
  }
  impl_->changed.notify_all();
}

}  // namespace patchbay::simulators
