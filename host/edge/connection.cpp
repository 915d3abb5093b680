#include "edge/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "edge/request_id.hpp"
#include "edge/ticket.hpp"

namespace patchbay::edge {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

constexpr std::size_t kReadSize = std::size_t{4} << 10U;       // a header and a webhook body of 1 KB in one read
constexpr std::size_t kBodyReadSize = std::size_t{64} << 10U;  // bodies that are known to be larger
constexpr std::size_t kKeepBuffer = std::size_t{16} << 10U;    // what an idle connection may keep allocated
constexpr std::size_t kCopyBody = std::size_t{16} << 10U;      // up to here copying into one buffer is cheaper than two
constexpr std::uint64_t kMinBodyRate = 1024;                   // bytes per second
constexpr std::size_t kDrainLimit = std::size_t{64} << 10U;    // a larger unread body ends the connection
constexpr std::size_t kLingerLimit = std::size_t{16} << 20U;
constexpr auto kFarewell = 2s;       // to write an answer after the deadline, and to linger
constexpr int kRequestsInARow = 32;  // of one client's pipeline before others get a turn

constexpr Refusal kNoAnswer{500, "no_answer", "the request was dropped without an answer"};
constexpr Refusal kFailed{500, "internal_error", "the request failed inside the server"};
constexpr Refusal kLateRead{408, "request_timeout", "the request did not arrive in time"};
constexpr Refusal kLateAnswer{503, "deadline_exceeded", "the request was not finished in time"};
constexpr Refusal kBusy{503, "too_many_connections", "this server has as many connections as it accepts"};

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

Connection::Connection(Loop& loop, boost::asio::ip::tcp::socket socket, std::string peer)
    : loop_(loop),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      reader_(loop.shared().options.max_header, loop.shared().budget, loop.shared().shares.of(peer_)) {}

void Connection::start() {
  started_ = Clock::now();
  deadline_ = started_ + loop_.shared().options.header_deadline;
  pump();
}

void Connection::refuseBusy() {
  request_id_ = requestId({});
  deadline_ = Clock::now() + kFarewell;
  count(kBusy.status);
  answer(problem(kBusy, request_id_), State::kLinger);
  pump();
}

// Runs until something must be waited for. Every asynchronous completion comes back here.
void Connection::pump() {
  if (pumping_) return;
  pumping_ = true;
  int turns = 0;
  try {
    while (step()) {
      if (state_ == State::kIdle && !in_.empty() && ++turns > kRequestsInARow) {
        boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->pump(); });
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

bool Connection::stepHead() {
  if (state_ == State::kIdle) {
    if (in_.empty()) {
      if (loop_.draining()) {
        close();
        return false;
      }
      return read(kReadSize);
    }
    // The first byte of a request: its clock starts.
    state_ = State::kHead;
    started_ = Clock::now();
    deadline_ = started_ + loop_.shared().options.header_deadline;
  }
  std::size_t consumed = 0;
  const auto progress = reader_.readHead(in_.view(), consumed);
  in_.consume(consumed);
  switch (progress) {
    case RequestReader::Progress::kMore:
      return read(kReadSize);
    case RequestReader::Progress::kRefused:
      request_id_ = requestId({});
      return refuse(reader_.refusal());
    case RequestReader::Progress::kDone:
      break;
  }
  return onHead();
}

bool Connection::onHead() {
  http::Request& request = reader_.request();
  request_id_ = requestId(request.header("x-request-id"));
  request.id = request_id_;
  request.peer = peer_;
  head_only_ = request.method == "HEAD";
  loop_.shared().requests.fetch_add(1, std::memory_order_relaxed);

  http::Response refusal;
  bool refused = false;
  http::Limits limits;
  try {
    limits = loop_.shared().handler.limits(request, &refusal, &refused);
  } catch (...) {
    log::error("edge", "limits() failed", {{"request_id", request_id_}, {"what", whatOf(std::current_exception())}});
    return refuseUnread(problem(kFailed, request_id_));
  }
  total_deadline_ = deadline_ = started_ + limits.total;
  request.deadline = deadline_;
  if (refused) return refuseUnread(std::move(refusal));
  if (!reader_.hasBody()) return handle();
  if (const auto too_much = reader_.setBodyLimit(limits.max_body)) {
    count(too_much->status);
    return refuseUnread(problem(*too_much, request_id_));
  }
  return startBody();
}

bool Connection::startBody() {
  beginBodyWindow(Clock::now());
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

void Connection::beginBodyWindow(Clock::time_point now) {
  window_begin_ = reader_.bodySeen();
  deadline_ = std::min(total_deadline_, now + loop_.shared().options.body_window);
}

bool Connection::stepBody() {
  std::size_t consumed = 0;
  const auto progress = reader_.readBody(in_.view(), consumed);
  in_.consume(consumed);
  switch (progress) {
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
    log::error("edge", "handle() failed", {{"request_id", request_id_}, {"what", whatOf(std::current_exception())}});
    if (!now.response || now.response->status == kDropped) now.response = problem(kFailed, request_id_);
  }
  t_inline = nullptr;
  if (!now.response) return false;
  answer(std::move(*now.response), State::kIdle);
  return true;
}

void Connection::deliver(std::uint64_t request, http::Response response) {
  if (state_ != State::kHandling || request != request_) return;
  answer(std::move(response), State::kIdle);
  pump();
}

// Nothing after this request can be understood, or its body is not wanted: the connection ends with the answer.
bool Connection::refuse(const Refusal& refusal) {
  count(refusal.status);
  answer(problem(refusal, request_id_), State::kLinger);
  return true;
}

// The stream is sound, but a body that nobody asked for may still be in it. It must never be taken for a request.
bool Connection::refuseUnread(http::Response response) {
  State then = State::kIdle;
  if (reader_.hasBody()) {
    reader_.discardBody();
    std::size_t consumed = 0;
    const auto progress = reader_.readBody(in_.view(), consumed);
    in_.consume(consumed);
    if (progress != RequestReader::Progress::kDone) {
      // Whether a client that expects 100 will send its body after another status is up to it: only a new connection is
      // sure.
      const bool small = reader_.length() && *reader_.length() <= kDrainLimit && !reader_.expectsContinue();
      then = small ? State::kDrain : State::kLinger;
    }
  }
  answer(std::move(response), then);
  return true;
}

// Writes the answer; `then` says what follows it unless the connection must close.
void Connection::answer(http::Response response, State then) {
  reader_.releaseCharge();
  if (response.status == kDropped) {
    log::error("edge", "a request was dropped without an answer", {{"request_id", request_id_}});
    response = problem(kNoAnswer, request_id_);
  }
  if (const char* fault = faultOf(response)) {
    log::error("edge", "a handler's response was not sent", {{"request_id", request_id_}, {"fault", fault}});
    response = problem(kFailed, request_id_);
  }
  if (loop_.shared().options.restyle) loop_.shared().options.restyle(response);
  if (then == State::kIdle || then == State::kDrain) {
    if (!reader_.keepAlive() || loop_.draining()) then = then == State::kDrain ? State::kLinger : State::kClosed;
    // Closing a socket with unread bytes resets it, and the reset can overtake the answer.
    if (then == State::kClosed && !in_.empty()) then = State::kLinger;
  }
  const bool close = then == State::kLinger || then == State::kClosed;
  out_.clear();
  body_ = {};
  content_ = {};
  sent_ = 0;
  appendHead(out_, response, {loop_.date(), request_id_, close});
  if (!head_only_ && statusHasBody(response.status)) {
    if (response.content().size() <= kCopyBody) {
      out_.append(response.content());
    } else {
      content_ = std::move(response);
      body_ = content_.content();
    }
  }
  then_ = then;
  state_ = State::kWriting;
}

bool Connection::stepWrite() {
  const std::size_t total = out_.size() + body_.size();
  while (sent_ < total) {
    error_code error;
    std::size_t count = 0;
    if (body_.empty()) {
      count = socket_.write_some(boost::asio::buffer(out_.data() + sent_, out_.size() - sent_), error);
    } else if (sent_ < out_.size()) {
      const std::array<boost::asio::const_buffer, 2> both{boost::asio::buffer(out_.data() + sent_, out_.size() - sent_),
                                                          boost::asio::buffer(body_.data(), body_.size())};
      count = socket_.write_some(both, error);
    } else {
      const std::size_t from = sent_ - out_.size();
      count = socket_.write_some(boost::asio::buffer(body_.data() + from, body_.size() - from), error);
    }
    sent_ += count;
    if (error == boost::asio::error::would_block) {
      socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                         [self = shared_from_this()](const error_code& failed) {
                           if (self->state_ != State::kWriting) return;
                           if (failed) return self->close();
                           self->pump();
                         });
      return false;
    }
    if (error) {
      close();
      return false;
    }
  }
  return afterWrite();
}

bool Connection::afterWrite() {
  // At once, not with the next answer: what it borrowed may count against a budget.
  body_ = {};
  content_ = {};
  if (then_ == State::kClosed) {
    error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    close();
    return false;
  }
  state_ = then_;
  switch (then_) {
    case State::kBody:  // 100 Continue went out
      return true;
    case State::kDrain:
      deadline_ = Clock::now() + loop_.shared().options.header_deadline;
      return true;
    case State::kLinger: {
      error_code ignored;
      socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
      deadline_ = Clock::now() + kFarewell;
      return true;
    }
    default:
      break;
  }
  if (out_.capacity() > kKeepBuffer + kCopyBody) std::string().swap(out_);
  in_.shrink(kKeepBuffer);
  reader_.next();
  head_only_ = false;
  deadline_ = Clock::now() + loop_.shared().options.idle;
  return true;
}

bool Connection::stepDrain() {
  std::size_t consumed = 0;
  const auto progress = reader_.readBody(in_.view(), consumed);
  in_.consume(consumed);
  if (progress == RequestReader::Progress::kMore) return read(kReadSize);
  if (progress == RequestReader::Progress::kRefused) {
    close();
    return false;
  }
  then_ = State::kIdle;
  return afterWrite();
}

bool Connection::stepLinger() {
  lingered_ += in_.size();
  in_.consume(in_.size());
  if (lingered_ <= kLingerLimit) return read(kReadSize);
  close();
  return false;
}

// Always false: the completion goes on.
bool Connection::read(std::size_t capacity) {
  const InputBuffer::Space space = in_.prepare(capacity);
  reading_ = true;
  socket_.async_read_some(
      boost::asio::buffer(space.data, space.size),
      [self = shared_from_this()](const error_code& error, std::size_t count) { self->onRead(error, count); });
  return false;
}

void Connection::onRead(const error_code& error, std::size_t count) {
  reading_ = false;
  if (state_ == State::kClosed) return;
  in_.commit(count);
  if (expired_) {
    expired_ = false;
    if (onExpired()) pump();
    return;
  }
  if (error) return close();
  pump();
}

// The read was cancelled because the request took too long to arrive.
bool Connection::onExpired() {
  if (request_id_.empty() || state_ == State::kHead) request_id_ = requestId({});
  deadline_ = Clock::now() + kFarewell;
  return refuse(kLateRead);
}

void Connection::onDeadline(Clock::time_point now) {
  Shared& shared = loop_.shared();
  switch (state_) {
    case State::kBody:
      if (now < total_deadline_) {
        const auto window = loop_.shared().options.body_window;
        const auto wanted = kMinBodyRate * static_cast<std::uint64_t>(window.count()) / 1000;
        if (reader_.bodySeen() - window_begin_ >= wanted) return beginBodyWindow(now);
      }
      [[fallthrough]];
    case State::kHead:
      if (!reading_) return;  // about to go on
      shared.timed_out.fetch_add(1, std::memory_order_relaxed);
      expired_ = true;
      deadline_ = now + kFarewell;
      socket_.cancel();
      return;
    case State::kHandling:
      shared.timed_out.fetch_add(1, std::memory_order_relaxed);
      deadline_ = now + kFarewell;
      deliver(request_, problem(kLateAnswer, request_id_));
      return;
    case State::kWriting:
      shared.timed_out.fetch_add(1, std::memory_order_relaxed);
      close();
      return;
    case State::kIdle:
    case State::kDrain:
    case State::kLinger:
      close();
      return;
    case State::kClosed:
      return;
  }
}

void Connection::closeIfIdle() {
  if (state_ != State::kIdle || !in_.empty()) return;
  error_code error;
  // Bytes that have arrived but were not read yet are a request in flight; its read completes in a moment.
  if (socket_.available(error) > 0 && !error) return;
  close();
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  reader_.releaseCharge();
  body_ = {};
  content_ = {};
  error_code ignored;
  socket_.close(ignored);
  loop_.drop(*this);  // the last use of this object may be the caller's shared_ptr
}

void Connection::count(int status) {
  Shared& shared = loop_.shared();
  if (status == 413 || status == 431) {
    shared.refused_size.fetch_add(1, std::memory_order_relaxed);
  } else if (status == 503) {
    shared.refused_busy.fetch_add(1, std::memory_order_relaxed);
  } else if (status != 408) {
    shared.refused_framing.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace patchbay::edge
