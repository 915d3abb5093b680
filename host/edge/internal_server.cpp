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
#include "edge/internal_socket.hpp"
#include "edge/listen_error.hpp"
#include "edge/request_id.hpp"
#include "edge/server.hpp"
#include "edge/trace_context.hpp"

namespace patchbay::edge {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int kThreads = 16;  // one per connection: few neighbours, and none of them holds an idle one for long
constexpr std::size_t kMaxHead = std::size_t{16} << 10U;
constexpr std::size_t kMaxBody = std::size_t{1} << 20U;
constexpr auto kStopGrace = 2s;
constexpr std::string_view kRemedy = "choose another port for the internal listener";

constexpr Refusal kTooLarge{413, "body_too_large", "the body is larger than this route accepts"};
constexpr Refusal kBadBody{400, "bad_framing", "the body is malformed or shorter than announced"};
constexpr Refusal kBadHead{400, "bad_framing", "the header is not valid HTTP/1.1"};
constexpr Refusal kNoLength{411, "length_required", "a body on this listener needs a Content-Length"};
constexpr Refusal kBrowser{403, "browser_refused", "this listener is for neighbours, not for pages in a browser"};
constexpr Refusal kFailed{500, "internal_error", "the request failed inside the server"};

/// Does a page in a browser ask? There is no token here, so any page could make its visitor's browser provision. "none"
/// is a person who typed the address.
bool fromAPage(const http::Request& request) {
  const auto site = request.header("Sec-Fetch-Site");
  return !request.header("Origin").empty() || (!site.empty() && site != "none");
}

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
      if (unread_) linger(from);
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

    // The header is read again, as the public listener reads it; Poco's own reading is not used.
    ByteBudget no_bodies(0);
    RequestReader reader(kMaxHead, no_bodies);
    const auto head = clientOf(from).readHead(reader);
    if (head == RequestReader::Progress::kRefused) return closing(to, problem(reader.refusal(), id));
    if (head == RequestReader::Progress::kMore) return closing(to, problem(kBadHead, id));
    // After a body only the client knows where the next request begins, and Poco believes whatever it says.
    if (reader.hasBody()) to.setKeepAlive(false);
    if (reader.hasBody() && !reader.length()) return closing(to, problem(kNoLength, id));
    const bool has_body = reader.hasBody();
    const std::uint64_t length = reader.length().value_or(0);
    http::Request request = std::move(reader.request());
    request.listener = http::Listener::kInternal;
    request.peer = from.clientAddress().host().toString();
    request.id = id;
    continueTrace(request);
    if (fromAPage(request)) return closing(to, problem(kBrowser, id));

    http::Response refusal;
    bool refused = false;
    const http::Limits limits = handler_.limits(request, &refusal, &refused);
    request.deadline = started + limits.total;
    const std::size_t max_body = refused ? kMaxBody : std::min(limits.max_body, kMaxBody);
    if (length > max_body) return closing(to, refused ? std::move(refusal) : problem(kTooLarge, id));
    if (has_body) {
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
    const Poco::Int64 announced = from.getContentLength64();
    try {
      while (stream.good() && body.size() < static_cast<std::size_t>(announced)) {
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
    if (!stream.bad() && body.size() == static_cast<std::size_t>(announced)) return std::nullopt;
    return clientOf(from).late() ? kLateRead : kBadBody;  // a stream swallows what its source throws
  }

  static ClientSocket& clientOf(Poco::Net::HTTPServerRequest& from) {
    return *static_cast<ClientSocket*>(static_cast<Poco::Net::HTTPServerRequestImpl&>(from).socket().impl());
  }

  /// After this the stream is not to be trusted, or not to be read.
  http::Response closing(Poco::Net::HTTPServerResponse& to, http::Response response) {
    to.setKeepAlive(false);
    unread_ = true;
    return response;
  }

  static void linger(Poco::Net::HTTPServerRequest& from) {
    try {
      clientOf(from).linger();
    } catch (const Poco::Exception& error) {
      log::debug("edge", "an internal client left after its refusal", {{"what", error.displayText()}});
    }
  }

  void send(Poco::Net::HTTPServerRequest& from, Poco::Net::HTTPServerResponse& to, const http::Response& response,
            const std::string& id) {
    if (flight_.draining.load()) to.setKeepAlive(false);
    to.setStatusAndReason(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(response.status),
                          http::reason(response.status));
    to.set("X-Request-Id", id);
    to.set("X-Content-Type-Options", "nosniff");
    for (const http::Header& header : response.headers) to.add(header.name, header.value);
    const bool has_body = statusHasBody(response.status);
    to.setContentLength64(has_body ? static_cast<Poco::Int64>(response.content().size())
                                   : Poco::Net::HTTPMessage::UNKNOWN_CONTENT_LENGTH);
    std::ostream& out = to.send();
    if (has_body && from.getMethod() != Poco::Net::HTTPRequest::HTTP_HEAD)
      out.write(response.content().data(), size(response.content()));
    // Poco would flush only after this handler has returned, when a stop no longer waits for it.
    out.flush();
    clientOf(from).nextRequest();
  }

  static std::streamsize size(std::string_view text) { return static_cast<std::streamsize>(text.size()); }

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
  bool unread_ = false;  // bytes of the request may still come
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

Poco::Net::ServerSocket listenOn(const std::string& host, std::uint16_t port, std::chrono::milliseconds deadline) {
  try {
    return listenWithDeadline(host, port, deadline);
  } catch (const Poco::Exception& error) {
    if (error.code() == 0) throw ListenError("cannot listen on '" + host + "': " + error.displayText());
    throw ListenError(listenErrorText(host, port, error.code(), kRemedy));
  }
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
  Impl(const std::string& host, std::uint16_t port, http::Handler& handler, std::chrono::milliseconds deadline)
      : pool_("internal", 2, kThreads + 4, 5),
        socket_(listenOn(host, port, deadline)),
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

InternalServer::InternalServer(const std::string& host, std::uint16_t port, http::Handler& handler,
                               std::chrono::milliseconds read_deadline)
    : impl_(std::make_unique<Impl>(host, port, handler, read_deadline)) {}
InternalServer::~InternalServer() = default;

std::uint16_t InternalServer::port() const {
  return impl_->port();
}

}  // namespace patchbay::edge
