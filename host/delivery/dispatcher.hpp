/// Sends what is in the outbox: leases recipients, lets their connector make requests, and settles what became of it.
///
/// The promise: a message is never sent twice without being marked so. A step's attempt row is committed before its
/// first byte leaves; what left without a whole answer is `unknown`, also after a crash; who has lost its lease writes
/// nothing. Any number of dispatchers may run against one database.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "connectors/channel.hpp"
#include "db/lane.hpp"
#include "db/pool.hpp"
#include "delivery/breakers.hpp"
#include "delivery/http_client.hpp"
#include "delivery/stats.hpp"
#include "delivery/verdict.hpp"
#include "inbox/follow_up.hpp"
#include "media/links.hpp"
#include "media/repository.hpp"
#include "media/store.hpp"

namespace patchbay::delivery {

struct Core;
class QueueGauge;
class Scheduler;

class Dispatcher {
 public:
  struct Options {
    db::Connection::Options connection;              ///< for leases: one connection of its own
    std::chrono::milliseconds lease{60000};          ///< renewed at a quarter of it
    std::chrono::milliseconds sweep{1000};           ///< how often it looks without having been woken
    std::chrono::milliseconds database_pause{500};   ///< between tries while the database is away
    std::chrono::milliseconds stop_patience{10000};  ///< how long stop() waits for what is under way
    std::chrono::milliseconds expiry{10000};         ///< how often it looks for what has waited too long
    std::size_t max_sends = 512;                     ///< recipients at a time
    std::size_t max_jobs = 32;                       ///< media to fetch and requests of webhooks, at a time
    // Of both, one channel may have half and one tenant three quarters in flight (at least one): a provider who lets
    // everything run into its deadline holds up nobody else's sends.
    std::size_t turn_threads = 2;
    RetryPolicy retry;
    BreakerPolicy breaker;
  };

  /// What it works with; everything outlives the dispatcher.
  struct Parts {
    db::Lanes* lanes = nullptr;
    db::Pool* reads = nullptr;
    HttpClient* http = nullptr;
    const media::Store* store = nullptr;
    /// For channels whose provider fetches files by address; null: they are told that there is none.
    const media::Links* links = nullptr;
    /// The channels that are connected and enabled now, of all tenants. Asked at each round; any thread.
    std::function<std::vector<std::shared_ptr<connectors::Channel>>()> channels;
    /// Events that an answer told ("this contact has another address", a mail that was fetched): to be ingested; then
    /// the callback says whether they are durable, on any thread. May be empty.
    std::function<void(const std::shared_ptr<connectors::Channel>&, std::vector<connectors::Event>,
                       std::function<void(bool stored)>)>
        on_events;
  };

  Dispatcher(Options options, Parts parts);
  ~Dispatcher();  ///< stop()
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Something was queued and committed. Any thread; cheap; many calls are one.
  void wake();

  /// A pause that was learnt beside the outbox (an operation that somebody waited for): sends heed it too. Any thread.
  void pause(const connectors::Channel& channel, const std::vector<connectors::Throttle>& throttles);
  /// Until when the channel sends nothing; nothing when it may. Any thread.
  std::optional<Timestamp> pausedUntil(const connectors::Channel& channel) const;

  /// Leases nothing more, waits for what is under way (stop_patience), then lets go of it: what has not ended by then
  /// is found by the next dispatcher as it would be after a crash. Once; later calls return at once.
  void stop();

  /// Nothing is sent in these scopes until then: a webhook's turn has said so. Any thread.
  void throttle(const connectors::Channel& channel, const std::vector<connectors::Throttle>& throttles);

  using Kept = std::function<void(Result<inbox::StoredBlobs>)>;
  /// Makes bytes files of the store. `done` on a worker; kUnavailable when they cannot be kept, or after stop(). Any
  /// thread; does not block.
  void keep(std::map<std::uint64_t, std::string> blobs, Kept done);

  /// Any thread that may block: asks the database, every five seconds at most.
  DeliveryStats stats() const;

 private:
  std::shared_ptr<Core> core_;
  std::unique_ptr<QueueGauge> gauge_;
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace patchbay::delivery
