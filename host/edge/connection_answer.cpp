// The writing side of a connection.
#include <utility>

#include "base/log.hpp"
#include "edge/connection.hpp"
#include "edge/connection_limits.hpp"
#include "edge/request_id.hpp"
#include "edge/ticket.hpp"

namespace patchbay::edge {
namespace {

using boost::system::error_code;

constexpr std::size_t kCopyBody = std::size_t{16} << 10U;    // up to here copying into one buffer is cheaper than two
constexpr std::size_t kDrainLimit = std::size_t{64} << 10U;  // a larger unread body ends the connection
constexpr std::size_t kLingerLimit = std::size_t{16} << 20U;
constexpr int kClientLeft = 499;  // as other servers have it in their logs

constexpr Refusal kBusy{503, "too_many_connections", "this server has as many connections as it accepts"};

}  // namespace

void Connection::refuseBusy() {
  refused_ = true;
  loop_.shared().refusing.fetch_add(1);
  exchange_.id = requestId({});
  deadline_ = Clock::now() + kFarewell;
  count(kBusy.status);
  answer(problem(kBusy, exchange_.id), State::kLinger);
  pump();
}

void Connection::deliver(std::uint64_t request, http::Response response) {
  if (state_ != State::kHandling || request != request_) return;
  answer(std::move(response), State::kIdle);
  pump();
}

// Nothing after this request can be understood, or its body is not wanted: the connection ends with the answer.
bool Connection::refuse(const Refusal& refusal) {
  count(refusal.status);
  answer(problem(refusal, exchange_.id), State::kLinger);
  return true;
}

// The stream is sound, but a body that nobody asked for may still be in it. It must never be taken for a request.
bool Connection::refuseUnread(http::Response response) {
  State then = State::kIdle;
  if (reader_.hasBody()) {
    reader_.discardBody();
    if (readBody() != RequestReader::Progress::kDone) {
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
    log::error("edge", "a request was dropped without an answer", {{"request_id", exchange_.id}});
    response = problem(kNoAnswer, exchange_.id);
  }
  if (const char* fault = faultOf(response)) {
    log::error("edge", "a handler's response was not sent", {{"request_id", exchange_.id}, {"fault", fault}});
    response = problem(kFailed, exchange_.id);
  }
  if (loop_.shared().options.restyle) loop_.shared().options.restyle(response);
  if (then == State::kIdle || then == State::kDrain) {
    if (!reader_.keepAlive() || loop_.draining()) then = then == State::kDrain ? State::kLinger : State::kClosed;
    // Closing a socket with unread bytes resets it, and the reset can overtake the answer.
    if (then == State::kClosed && !in_.empty()) then = State::kLinger;
  }
  const ServerOptions& options = loop_.shared().options;
  applyCors(options.cors, exchange_, response);
  record(response);
  const bool close = then == State::kLinger || then == State::kClosed;
  out_.clear();
  body_ = {};
  content_ = {};
  sent_ = 0;
  appendHead(out_, response,
             {loop_.date(), exchange_.id, close, loop_.shared().tls ? static_cast<long>(options.hsts.count()) : 0});
  if (!exchange_.head_only && statusHasBody(response.status)) {
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

void Connection::record(const http::Response& response) {
  Shared::add(loop_.shared().answers[static_cast<std::size_t>(response.status / 100)]);
  exchange_.status = response.status;
  exchange_.route = response.route;
  exchange_.tenant = response.tenant;
}

// The request is over: with its answer, or because the connection ended before.
void Connection::endExchange() {
  if (!exchange_.open) return;
  exchange_.open = false;
  exchange_.bytes_out = sent_;
  // Of a header that never became whole there is nothing to say.
  if (exchange_.id.empty()) return;
  if (state_ == State::kClosed) exchange_.status = kClientLeft;
  logAccess(loop_.shared().options.access_log, exchange_);
}

bool Connection::stepWrite() {
  const std::size_t total = out_.size() + body_.size();
  while (sent_ < total) {
    const std::string_view head = sent_ < out_.size() ? std::string_view(out_).substr(sent_) : std::string_view{};
    const std::string_view rest = head.empty() ? body_.substr(sent_ - out_.size()) : body_;
    error_code error;
    const std::size_t count = stream_.writeSome(head, rest, error);
    sent_ += count;
    Shared::add(loop_.shared().bytes_out, count);
    if (error == boost::asio::error::would_block) {
      stream_.wait([self = shared_from_this()](const error_code& failed) {
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
  if (then_ != State::kBody) endExchange();
  if (then_ == State::kClosed) {
    stream_.finishWriting();
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
    case State::kLinger:
      stream_.finishWriting();
      deadline_ = Clock::now() + kFarewell;
      return true;
    default:
      break;
  }
  if (out_.capacity() > kKeepBuffer + kCopyBody) std::string().swap(out_);
  in_.shrink(kKeepBuffer);
  reader_.next();
  served_ = true;
  since_ = Clock::now();
  deadline_ = since_ + loop_.shared().options.idle;
  return true;
}

bool Connection::stepDrain() {
  const auto progress = readBody();
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

void Connection::count(int status) {
  Shared& shared = loop_.shared();
  if (status == 413 || status == 431) {
    Shared::add(shared.refused_size);
  } else if (status == 503) {
    Shared::add(shared.refused_busy);
  } else if (status != 408) {
    Shared::add(shared.refused_framing);
  }
}

}  // namespace patchbay::edge
