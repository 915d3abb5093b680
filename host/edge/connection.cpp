// The reading side of a connection.
#include "edge/connection.hpp"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "edge/connection_limits.hpp"
#include "edge/request_id.hpp"
#include "edge/ticket.hpp"
#include "edge/trace_context.hpp"

namespace patchbay::edge {
namespace {

using boost::system::error_code;

constexpr int kRequestsInARow = 32;  // of one client's pipeline before others get a turn
constexpr int kReadsInARow = 16;     // of one client's TLS records before others get a turn

std::string whatOf(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

Connection::Connection(Loop& loop, Stream stream, std::string address, std::shared_ptr<PeerShare> share, bool proxy)
    : loop_(loop),
      stream_(std::move(stream)),
      address_(std::move(address)),
      share_(std::move(share)),
      proxy_(proxy),
      reader_(loop.shared().options.max_header, loop.shared().budget, PeerShare::bodiesOf(share_)) {
  share_->connections.fetch_add(1);
}

Connection::~Connection() {
  share_->connections.fetch_sub(1);
}

void Connection::start() {
  since_ = Clock::now();
  deadline_ = since_ + loop_.shared().options.header_deadline;
  if (stream_.tls()) state_ = State::kHandshake;
  pump();
}

// Runs until something must be waited for. Every asynchronous completion comes back here.
void Connection::pump() {
  if (pumping_) return;
  pumping_ = true;
  int turns = 0;
  try {
    while (step()) {
      const bool long_pipeline = state_ == State::kIdle && !in_.empty() && ++turns > kRequestsInARow;
      if (long_pipeline || burst_ > kReadsInARow) {
        burst_ = 0;
        boost::asio::post(stream_.executor(), [self = shared_from_this()] { self->pump(); });
        break;
      }
    }
  } catch (...) {
    pumping_ = false;
    close();
    throw;
  }
  pumping_ = false;
}

bool Connection::step() {
  switch (state_) {
    case State::kHandshake:
      return stepHandshake();
    case State::kIdle:
    case State::kHead:
      return stepHead();
    case State::kBody:
      return stepBody();
    case State::kWriting:
      return stepWrite();
    case State::kDrain:
      return stepDrain();
    case State::kLinger:
      return stepLinger();
    case State::kHandling:
    case State::kClosed:
      return false;
  }
  return false;
}

bool Connection::stepHandshake() {
  switch (stream_.handshake()) {
    case Stream::Handshake::kDone:
      Shared::add(loop_.shared().tls_handshakes);
      state_ = State::kIdle;  // its first request has what is left of the deadline
      since_ = Clock::now();
      return true;
    case Stream::Handshake::kWait:
      stream_.wait([self = shared_from_this()](const error_code& error) {
        if (self->state_ != State::kHandshake) return;
        if (error) return self->close();
        self->pump();
      });
      return false;
    case Stream::Handshake::kFailed:
      break;
  }
  Shared::add(loop_.shared().tls_failures);
  close();
  return false;
}

// The first byte of a request: its clock starts.
void Connection::begin() {
  state_ = State::kHead;
  since_ = Clock::now();
  deadline_ = since_ + loop_.shared().options.header_deadline;
  exchange_ = Exchange{};
  exchange_.open = true;
  exchange_.started = since_;
  exchange_.client = address_;
  sent_ = 0;
}

bool Connection::stepHead() {
  if (state_ == State::kIdle) {
    if (in_.empty()) {
      if (loop_.draining()) {
        close();
        return false;
      }
      return read(kReadSize);
    }
    begin();
  }
  std::size_t consumed = 0;
  const auto progress = reader_.readHead(in_.view(), consumed);
  in_.consume(consumed);
  exchange_.bytes_in += consumed;
  switch (progress) {
    case RequestReader::Progress::kMore:
      return read(kReadSize);
    case RequestReader::Progress::kRefused:
      exchange_.id = requestId({});
      return refuse(reader_.refusal());
    case RequestReader::Progress::kDone:
      break;
  }
  return onHead();
}

// Who asks, and by which names the request is known in logs.
void Connection::introduce(http::Request& request) {
  request.id = exchange_.id = requestId(request.header("X-Request-Id"));
  continueTrace(request);
  exchange_.trace_id = request.trace_id;
  exchange_.method = request.method;
  exchange_.head_only = request.method == "HEAD";
  exchange_.origin = request.header("Origin");
  exchange_.preflight = request.method == "OPTIONS" && !request.header("Access-Control-Request-Method").empty();
  if (proxy_) {
    exchange_.client = loop_.shared().proxies.clientOf(address_, request.headers);
    if (reader_.hasBody()) reader_.setShare(PeerShare::bodiesOf(loop_.shared().shares.of(exchange_.client)));
  }
  request.peer = exchange_.client;
}

bool Connection::onHead() {
  http::Request& request = reader_.request();
  introduce(request);
  Shared::add(loop_.shared().requests);

  http::Response refusal;
  bool refused = false;
  http::Limits limits;
  try {
    limits = loop_.shared().handler.limits(request, &refusal, &refused);
  } catch (...) {
    log::error("edge", "limits() failed", {{"request_id", exchange_.id}, {"what", whatOf(std::current_exception())}});
    return refuseUnread(problem(kFailed, exchange_.id));
  }
  total_deadline_ = deadline_ = exchange_.started + limits.total;
  request.deadline = deadline_;
  if (refused) return refuseUnread(std::move(refusal));
  if (!reader_.hasBody()) return handle();
  if (const auto too_much = reader_.setBodyLimit(limits.max_body)) {
    count(too_much->status);
    return refuseUnread(problem(*too_much, exchange_.id));
  }
  return startBody();
}

bool Connection::startBody() {
  since_ = Clock::now();
  beginBodyWindow(since_);
  // A client that has begun to send needs no invitation (RFC 9110, 10.1.1).
  if (!reader_.expectsContinue() || !in_.empty()) {
    state_ = State::kBody;
    return true;
  }
  out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  sent_ = 0;
  then_ = State::kBody;
  state_ = State::kWriting;
  return true;
}

RequestReader::Progress Connection::readBody() {
  std::size_t consumed = 0;
  const auto progress = reader_.readBody(in_.view(), consumed);
  in_.consume(consumed);
  exchange_.bytes_in += consumed;
  return progress;
}

bool Connection::stepBody() {
  switch (readBody()) {
    case RequestReader::Progress::kMore: {
      // Of a chunked body only the past tells how large it is.
      const std::uint64_t expected = reader_.length() ? *reader_.length() - reader_.bodySeen() : reader_.bodySeen();
      return read(expected > kKeepBuffer ? kBodyReadSize : kReadSize);
    }
    case RequestReader::Progress::kRefused:
      return refuse(reader_.refusal());
    case RequestReader::Progress::kDone:
      break;
  }
  return handle();
}

bool Connection::handle() {
  state_ = State::kHandling;
  deadline_ = total_deadline_;
  request_ = loop_.newRequestNumber();
  Inline now{request_, loop_.mailbox().get(), std::nullopt};
  t_inline = &now;
  try {
    auto ticket = std::make_shared<Ticket>(loop_.mailbox(), weak_from_this(), request_);
    loop_.shared().handler.handle(std::move(reader_.request()),
                                  [ticket = std::move(ticket)](http::Response r) { ticket->complete(std::move(r)); });
  } catch (...) {
    log::error("edge", "handle() failed", {{"request_id", exchange_.id}, {"what", whatOf(std::current_exception())}});
    if (!now.response || now.response->status == kDropped) now.response = problem(kFailed, exchange_.id);
  }
  t_inline = nullptr;
  if (!now.response) return false;
  answer(std::move(*now.response), State::kIdle);
  return true;
}

// Returns whether to go on at once; otherwise the completion does.
bool Connection::read(std::size_t capacity) {
  const InputBuffer::Space space = in_.prepare(capacity);
  if (stream_.tls()) return readTls(space);
  reading_ = true;
  stream_.asyncRead(space.data, space.size, [self = shared_from_this()](const error_code& error, std::size_t count) {
    self->onRead(error, count);
  });
  return false;
}

bool Connection::readTls(InputBuffer::Space space) {
  error_code error;
  const std::size_t count = stream_.readSome(space.data, space.size, error);
  if (!error) {
    in_.commit(count);
    Shared::add(loop_.shared().bytes_in, count);
    ++burst_;
    return true;
  }
  burst_ = 0;
  if (error != boost::asio::error::would_block) {
    close();
    return false;
  }
  reading_ = true;
  stream_.wait([self = shared_from_this()](const error_code& failed) { self->onRead(failed, 0); });
  return false;
}

void Connection::onRead(const error_code& error, std::size_t count) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  in_.commit(count);
  Shared::add(loop_.shared().bytes_in, count);
  if (expired_) {
    expired_ = false;
    if (onExpired()) pump();
    return;
  }
  if (error) return close();
  pump();
}

bool Connection::closeIfIdle() {
  // Bytes that have arrived but were not read yet are a request in flight; its read completes in a moment.
  if (!idle() || stream_.hasUnread()) return false;
  close();
  return true;
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  endExchange();
  reader_.releaseCharge();
  body_ = {};
  content_ = {};
  stream_.close();
  if (refused_) loop_.shared().refusing.fetch_sub(1);
  loop_.drop(*this);  // the last use of this object may be the caller's shared_ptr
}

}  // namespace patchbay::edge
