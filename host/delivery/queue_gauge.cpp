#include "delivery/queue_gauge.hpp"

#include "base/log.hpp"

namespace patchbay::delivery {
namespace {

constexpr db::Statement kQueue{"send_queue.gauge", R"sql(
    SELECT coalesce(sum(pending), 0)::int8,
        count(*) FILTER (WHERE available_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)),
        count(*) FILTER (WHERE available_at > $1 AND (leased_until IS NULL OR leased_until <= $1)),
        count(*) FILTER (WHERE leased_until > $1), min(oldest_at) FILTER (WHERE pending > 0),
        (SELECT count(*) FROM patchbay.due WHERE kind <> 'status')
      FROM patchbay.send_queue)sql"};

}  // namespace

void QueueGauge::fill(DeliveryStats& stats) {
  const std::lock_guard lock(mutex_);
  const auto at = std::chrono::steady_clock::now();
  if (asked_ == std::chrono::steady_clock::time_point{} || at - asked_ >= fresh_) {
    asked_ = at;
    try {
      ask();
    } catch (const std::exception& error) {
      last_.known = false;
      log::debug("delivery", "the queue cannot be counted", {{"reason", error.what()}});
    }
  }
  stats.known = last_.known;
  stats.messages_waiting = last_.messages_waiting;
  stats.recipients_due = last_.recipients_due;
  stats.recipients_later = last_.recipients_later;
  stats.recipients_leased = last_.recipients_leased;
  stats.jobs_waiting = last_.jobs_waiting;
  stats.oldest = last_.oldest;
}

void QueueGauge::ask() {
  const auto rows = reads_.lease()->execute(kQueue, nullptr, std::move(db::Params().timestamp(now())));
  last_.messages_waiting = rows.int8(0, 0);
  last_.recipients_due = rows.int8(0, 1);
  last_.recipients_later = rows.int8(0, 2);
  last_.recipients_leased = rows.int8(0, 3);
  last_.oldest = rows.timestamp(0, 4);
  last_.jobs_waiting = rows.int8(0, 5);
  last_.known = true;
}

}  // namespace patchbay::delivery
