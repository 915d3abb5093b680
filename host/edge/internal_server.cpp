#include "edge/internal_server.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/ThreadPool.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "edge/answer.hpp"
#include "edge/listen_error.hpp"
#include "edge/request_id.hpp"
#include "edge/server.hpp"

namespace patchbay::edge {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kThreads = 16;  // one per connection: few neighbours, and none of them holds an idle one for long
constexpr std::size_t kMaxBody = std::size_t{1} << 20U;
constexpr auto kStopGrace = 2s;
constexpr std::string_view kRemedy = "choose another port for the internal listener";

constexpr Refusal kTooLarge{413, "body_too_large", "the body is larger than this route accepts"};
constexpr Refusal kBadBody{400, "bad_framing", "the body is malformed or shorter than announced"};
constexpr Refusal kLateRead{408, "request_timeout", "the request did not arrive in time"};
constexpr Refusal kLateAnswer{503, "deadline_exceeded", "the request was not finished in time"};
constexpr Refusal kNoAnswer{500, "no_answer", "the request was dropped without an answer"};
constexpr Refusal kFailed{500, "internal_error", "the request failed inside the server"};

/// Where Poco's thread waits. Shared with the Respond, which may outlive the wait and even the server.
class Latch {
 public:
  void complete(std::optional<http::Response> response) {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    done_ = true;
    response_ = std::move(response);
    changed_.notify_one();
  }
  /// @return the answer; a refusal in its place when none came (in time)
  http::Response wait(Clock::time_point deadline, std::string_view request_id) {
    std::unique_lock lock(mutex_);
    const bool in_time = changed_.wait_until(lock, deadline, [this] { return done_; });
    done_ = true;
    if (!in_time) return problem(kLateAnswer, request_id);
    return response_ ? std::move(*response_) : problem(kNoAnswer, request_id);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::optional<http::Response> response_;
};

/// Requests in work, so that a stop can wait for them and then end the waiting.
struct InFlight {
  std::atomic<bool> draining{false};
  std::mutex mutex;
  std::condition_variable none;
  int count = 0;
  std::vector<std::weak_ptr<Latch>> waiting;  // may hold dead ones; cleaned as new ones come
};

class InFlightGuard {
 public:
  explicit InFlightGuard(InFlight& flight) : flight_(flight) {
    const std::lock_guard lock(flight_.mutex);
    ++flight_.count;
  }
  ~InFlightGuard() {
    const std::lock_guard lock(flight_.mutex);
    if (--flight_.count == 0) flight_.none.notify_all();
  }
  InFlightGuard(const InFlightGuard&) = delete;
  InFlightGuard& operator=(const InFlightGuard&) = delete;

 private:
  InFlight& flight_;
};

/// Completes the latch at the latest when the last copy of a Respond goes.
struct Ticket {
  explicit Ticket(std::shared_ptr<Latch> l) : latch(std::move(l)) {}
  ~Ticket() { latch->complete(std::nullopt); }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  std::shared_ptr<Latch> latch;
};

class Adapter final : public Poco::Net::HTTPRequestHandler {
 public:
  Adapter(http::Handler& handler, InFlight& flight) : handler_(handler), flight_(flight) {}

  // Poco turns its own exceptions into an empty 500 and closes on any other without an answer: so nothing leaves from
  // here.
  void handleRequest(Poco::Net::HTTPServerRequest& from, Poco::Net::HTTPServerResponse& to) override {
    const InFlightGuard guard(flight_);
    std::string id;
    try {
      const std::string given = from.get("X-Request-Id", "");
      id = requestId(given);
      http::Response response = run(from, to, id);
      if (const char* fault = faultOf(response)) {
        log::error("edge", "a handler's response was not sent", {{"request_id", id}, {"fault", fault}});
        response = problem(kFailed, id);
      }
      send(from, to, response, id);
    } catch (const Poco::Exception& error) {
      failed(to, id, error.displayText());
    } catch (const std::exception& error) {
      failed(to, id, error.what());
    } catch (...) {
      failed(to, id, "not a std::exception");
    }
  }

 private:
  http::Response run(Poco::Net::HTTPServerRequest& from, Poco::Net::HTTPServerResponse& to, const std::string& id) {
    const auto started = Clock::now();
    // A client that does not read would hold the thread for ever: Poco sets no send timeout.
    static_cast<Poco::Net::HTTPServerRequestImpl&>(from).socket().setSendTimeout(Poco::Timespan(10, 0));

    http::Request request;
    request.method = from.getMethod();
    request.listener = http::Listener::kInternal;
    request.peer = from.clientAddress().host().toString();
    request.id = id;
    for (const auto& [name, value] : from) request.headers.push_back({name, value});
    const Framing framing = checkFraming(request, from.getURI(), from.getVersion() == "HTTP/1.0" ? 10 : 11);
    // The same rules as in public, as far as Poco leaves them visible. After a refusal the stream is not to be trusted.
    if (framing.refusal) return closing(to, problem(*framing.refusal, id));
    splitTarget(from.getURI(), request);

    http::Response refusal;
    bool refused = false;
    const http::Limits limits = handler_.limits(request, &refusal, &refused);
    request.deadline = started + limits.total;
    const std::size_t max_body = refused ? kMaxBody : std::min(limits.max_body, kMaxBody);
    if (framing.length.value_or(0) > max_body)
      return closing(to, refused ? std::move(refusal) : problem(kTooLarge, id));
    // Read even when it was refused: what stays unread, Poco takes for the next request.
    if (framing.hasBody()) {
      if (const auto why = readBody(from, max_body, request.deadline, request.body)) {
        return closing(to, refused ? std::move(refusal) : problem(*why, id));
      }
    }
    if (refused) return refusal;

    const auto deadline = request.deadline;
    auto latch = std::make_shared<Latch>();
    {
      const std::lock_guard lock(flight_.mutex);
      std::erase_if(flight_.waiting, [](const auto& other) { return other.expired(); });
      flight_.waiting.push_back(latch);
    }
    handler_.handle(std::move(request), [ticket = std::make_shared<Ticket>(latch)](http::Response r) {
      ticket->latch->complete(std::move(r));
    });
    return latch->wait(deadline, id);
  }

  static std::optional<Refusal> readBody(Poco::Net::HTTPServerRequest& from, std::size_t max_body,
                                         Clock::time_point deadline, std::string& body) {
    std::istream& stream = from.stream();
    std::array<char, 16384> part{};
    const std::streamsize announced = from.getContentLength64();
    try {
      while (stream.good()) {
        if (Clock::now() >= deadline) return kLateRead;
        // readsome-like: one buffer of Poco's at a time, so that the clock is looked at between them.
        stream.read(part.data(), 1);
        if (stream.gcount() == 0) break;
        body.push_back(part[0]);
        const std::streamsize more = stream.readsome(part.data(), static_cast<std::streamsize>(part.size()));
        if (more > 0) body.append(part.data(), static_cast<std::size_t>(more));
        if (body.size() > max_body) return kTooLarge;
      }
    } catch (const Poco::TimeoutException&) {
      return kLateRead;
    }
    if (stream.bad()) return kBadBody;
    if (announced >= 0 && body.size() != static_cast<std::size_t>(announced)) return kBadBody;
    return std::nullopt;
  }

  static http::Response closing(Poco::Net::HTTPServerResponse& to, http::Response response) {
    to.setKeepAlive(false);
    return response;
  }

  void send(Poco::Net::HTTPServerRequest& from, Poco::Net::HTTPServerResponse& to, const http::Response& response,
            const std::string& id) {
    if (flight_.draining.load()) to.setKeepAlive(false);
    to.setStatusAndReason(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(response.status), http::reason(response.status));
    to.set("X-Request-Id", id);
    to.set("X-Content-Type-Options", "nosniff");
    for (const http::Header& header : response.headers) to.add(header.name, header.value);
    const bool has_body = statusHasBody(response.status);
    to.setContentLength64(has_body ? static_cast<Poco::Int64>(response.body.size())
                                   : Poco::Net::HTTPMessage::UNKNOWN_CONTENT_LENGTH);
    std::ostream& out = to.send();
    if (has_body && from.getMethod() != Poco::Net::HTTPRequest::HTTP_HEAD)
      out.write(response.body.data(), size(response.body));
    // Poco would flush only after this handler has returned, when a stop no longer waits for it.
    out.flush();
  }

  static std::streamsize size(const std::string& text) { return static_cast<std::streamsize>(text.size()); }

  static void failed(Poco::Net::HTTPServerResponse& to, const std::string& id, const std::string& what) {
    log::error("edge", "an internal request failed", {{"request_id", id}, {"what", what}});
    if (to.sent()) return;
    const http::Response response = problem(kFailed, id);
    to.setKeepAlive(false);
    to.setStatusAndReason(Poco::Net::HTTPResponse::HTTP_INTERNAL_SERVER_ERROR);
    to.setContentType("application/problem+json");
    try {
      to.setContentLength64(size(response.body));
      to.send().write(response.body.data(), size(response.body)).flush();
    } catch (const Poco::Exception& error) {
      log::warn("edge", "an internal client left before its answer", {{"what", error.displayText()}});
    }
  }

  http::Handler& handler_;
  InFlight& flight_;
};

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  Factory(http::Handler& handler, InFlight& flight) : handler_(handler), flight_(flight) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return new Adapter(handler_, flight_);  // NOLINT: Poco deletes it
  }

 private:
  http::Handler& handler_;
  InFlight& flight_;
};

Poco::Net::ServerSocket listenOn(const std::string& host, std::uint16_t port) {
  Poco::Net::ServerSocket socket;
  try {
    socket.bind(Poco::Net::SocketAddress(host, port), true, false);
    socket.listen(64);
  } catch (const Poco::Exception& error) {
    if (error.code() == 0) throw ListenError("cannot listen on '" + host + "': " + error.displayText());
    throw ListenError(listenErrorText(host, port, error.code(), kRemedy));
  }
  return socket;
}

Poco::Net::HTTPServerParams::Ptr params() {
  Poco::Net::HTTPServerParams::Ptr p = new Poco::Net::HTTPServerParams;
  p->setMaxThreads(kThreads);
  p->setMaxQueued(64);
  p->setTimeout(Poco::Timespan(10, 0));
  p->setKeepAlive(true);
  p->setKeepAliveTimeout(Poco::Timespan(2, 0));
  p->setThreadIdleTime(Poco::Timespan(0, 500000));  // the default of 10 s is what a stop would wait for
  return p;
}

}  // namespace

class InternalServer::Impl {
 public:
  Impl(const std::string& host, std::uint16_t port, http::Handler& handler)
      : pool_("internal", 2, kThreads + 4, 5),
        socket_(listenOn(host, port)),
        port_(socket_.address().port()),
        server_(new Factory(handler, flight_), pool_, socket_, params()) {
    server_.start();
  }

  // In this order (engineering facts, 1.6): stop() alone leaves the socket open, stopAll(false) can block for ever, and
  // stopAll(true) cuts what is being answered.
  ~Impl() {
    flight_.draining = true;
    server_.stop();
    socket_.close();
    {
      std::unique_lock lock(flight_.mutex);
      flight_.none.wait_for(lock, kStopGrace, [this] { return flight_.count == 0; });
      for (const auto& waiting : flight_.waiting) {
        if (const auto latch = waiting.lock()) latch->complete(http::Response{503, {}, {}});
      }
    }
    server_.stopAll(true);
    pool_.joinAll();
  }

  std::uint16_t port() const { return port_; }

 private:
  InFlight flight_;
  Poco::ThreadPool pool_;
  Poco::Net::ServerSocket socket_;
  const std::uint16_t port_;
  Poco::Net::HTTPServer server_;
};

InternalServer::InternalServer(const std::string& host, std::uint16_t port, http::Handler& handler)
    : impl_(std::make_unique<Impl>(host, port, handler)) {}
InternalServer::~InternalServer() = default;

std::uint16_t InternalServer::port() const {
  return impl_->port();
}

}  // namespace patchbay::edge
