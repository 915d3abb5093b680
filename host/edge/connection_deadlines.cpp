// How long a connection may take for what it does, and when it makes room for others.
#include <algorithm>

#include "edge/connection.hpp"
#include "edge/connection_limits.hpp"
#include "edge/request_id.hpp"

namespace patchbay::edge {
namespace {

using namespace std::chrono_literals;

// What any client needs at most on any line, so that under pressure those that take longer go first.
constexpr auto kFairStart = 250ms;         // from accept to the first byte
constexpr auto kFairHead = 1s;             // a header, or a handshake
constexpr auto kFairBody = 2s;             // after which a body's rate is looked at
constexpr std::uint64_t kFairRate = 8192;  // bytes per second

std::uint64_t bytesWithin(std::uint64_t rate, std::chrono::steady_clock::duration time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return rate * static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)) / 1000;
}

}  // namespace

void Connection::beginBodyWindow(Clock::time_point now) {
  window_begin_ = reader_.bodySeen();
  deadline_ = std::min(total_deadline_, now + loop_.shared().options.body_window);
}

// The pending read is cancelled; its completion answers.
void Connection::expire(Late why, Clock::time_point now) {
  if (!reading_) return;  // about to go on
  loop_.shared().late(why);
  expired_ = true;
  deadline_ = now + kFarewell;
  stream_.cancel();
}

// The read was cancelled because the request took too long to arrive.
bool Connection::onExpired() {
  if (exchange_.id.empty()) exchange_.id = requestId({});
  deadline_ = Clock::now() + kFarewell;
  return refuse(kLateRead);
}

void Connection::onDeadline(Clock::time_point now) {
  Shared& shared = loop_.shared();
  switch (state_) {
    case State::kHandshake:
      shared.late(Late::kHandshake);
      Shared::add(shared.tls_failures);
      return close();
    case State::kHead:
      return expire(Late::kHeader, now);
    case State::kBody:
      if (now < total_deadline_ &&
          reader_.bodySeen() - window_begin_ >= bytesWithin(shared.options.min_body_rate, shared.options.body_window)) {
        return beginBodyWindow(now);
      }
      return expire(Late::kBody, now);
    case State::kHandling:
      shared.late(Late::kHandler);
      deadline_ = now + kFarewell;
      return deliver(request_, problem(kLateAnswer, exchange_.id));
    case State::kWriting:
      shared.late(Late::kWrite);
      return close();
    case State::kIdle:
      shared.late(Late::kIdle);
      return close();
    case State::kDrain:
    case State::kLinger:
      return close();
    case State::kClosed:
      return;
  }
}

std::optional<Connection::Dispensable> Connection::dispensable(Clock::time_point now,
                                                               std::uint32_t held_by_newcomer) const {
  const auto age = now - since_;
  const auto rank = static_cast<std::int64_t>(since_.time_since_epoch().count());
  switch (state_) {
    case State::kIdle:
      // Who has just come may be about to speak; who was served can ask again on a new connection.
      if (in_.empty() && (served_ || age >= kFairStart)) return Dispensable{Dispensable::kIdle, rank};
      break;
    case State::kHandshake:
    case State::kHead:
      if (age >= kFairHead) return Dispensable{Dispensable::kSlowHead, rank};
      break;
    case State::kBody:
      if (age >= kFairBody && reader_.bodySeen() < bytesWithin(kFairRate, age))
        return Dispensable{Dispensable::kSlowBody, rank};
      break;
    default:
      return std::nullopt;
  }
  const std::int64_t held = share_->connections.load();
  if (held > std::int64_t{held_by_newcomer} + 1 && !proxy_) return Dispensable{Dispensable::kGreedy, -held};
  return std::nullopt;
}

}  // namespace patchbay::edge
