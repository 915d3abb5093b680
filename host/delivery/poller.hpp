/// Asks the providers that do not call us: leases channels that are due, lets their connector make requests, and stores
/// what came in.
///
/// The promise: the cursor of a channel moves in the transaction that stores the events before it. A poll that was cut
/// short anywhere before that COMMIT, by a crash too, is made again from the same cursor, and the inbox knows what it
/// has already. One poll at a time per channel, across all hosts that share a database: a lease with a fence.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "connectors/channel.hpp"
#include "db/connection.hpp"
#include "delivery/http_client.hpp"
#include "inbox/ingest.hpp"
#include "media/store.hpp"

namespace patchbay::delivery {

class Poller {
 public:
  struct Options {
    db::Connection::Options connection;             ///< for leases: one of its own, opened when a channel polls
    std::chrono::milliseconds lease{30000};         ///< renewed at a quarter of it
    std::chrono::milliseconds sweep{1000};          ///< how often it looks at the channels and for what others left
    std::chrono::milliseconds database_pause{500};  ///< between tries while the database is away
    std::chrono::milliseconds first_pause{1000};    ///< after the first failure; doubles each time
    std::chrono::milliseconds longest_pause{300000};
    std::chrono::milliseconds stop_patience{5000};  ///< how long stop() waits for what is being stored
    std::size_t max_in_flight = 256;                ///< channels at a time
    std::size_t turn_threads = 2;
    int careful_after = 3;  ///< polls in a row whose answers the connector could not digest: then `careful` (schema)
  };

  /// What it works with; everything outlives the poller, and the HTTP client its last answers.
  struct Parts {
    inbox::Ingest* ingest = nullptr;
    HttpClient* http = nullptr;
    const media::Store* store = nullptr;
    /// The channels that are connected and enabled now, of all tenants. Asked at each round; any thread.
    std::function<std::vector<std::shared_ptr<connectors::Channel>>()> channels;
    /// The instance that an event about `account` belongs to; null: none. May be empty: always the one that polled.
    std::function<std::shared_ptr<connectors::Channel>(const std::shared_ptr<connectors::Channel>&,
                                                       std::string_view account)>
        find_owner;
    /// Until when the channel must be left alone. May be empty.
    std::function<std::optional<Timestamp>(const connectors::Channel&)> paused_until;
    /// A poll has learnt a pause: sends heed it too. May be empty.
    std::function<void(const connectors::Channel&, const std::vector<connectors::Throttle>&)> pause;
    /// Requests that a poll led to are in patchbay.due. May be empty.
    std::function<void()> queued;
  };

  Poller(Options options, Parts parts);
  ~Poller();  ///< stop()
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// The channels are others now. Any thread; cheap.
  void wake();

  /// Begins nothing more, lets what is being stored end (stop_patience), gives back the leases of the rest: another
  /// host, or the next start, polls at once. Once; later calls return at once.
  void stop();

  std::size_t inFlight() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace patchbay::delivery
