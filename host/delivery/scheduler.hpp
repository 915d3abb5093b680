/// The one thread of a dispatcher that leases. Everything else happens on workers, lanes and the HTTP client's thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "db/connection.hpp"
#include "delivery/core.hpp"
#include "delivery/leases.hpp"

namespace patchbay::delivery {

class Scheduler {
 public:
  /// Starts at once; runs until core->stopping, and then until what is under way has ended (stop_patience).
  explicit Scheduler(std::shared_ptr<Core> core);
  ~Scheduler();  ///< joins

 private:
  using Clock = std::chrono::steady_clock;
  using ChannelsByName = std::map<std::pair<std::string, std::string>, std::shared_ptr<connectors::Channel>>;

  void loop();
  void runTimers();
  void waitForTheRest();
  void round();
  void renew();
  void lease();
  ChannelsByName channelsNow();
  /// What each channel gets of the free places for `kinds` of work, by what is due; the rest is turned away.
  std::vector<Slice> sharesOf(const std::vector<std::shared_ptr<connectors::Channel>>& channels,
                              const std::vector<std::string>& kinds, std::size_t places, Timestamp at);
  void startSends(const std::string& tenant, std::vector<RecipientLease> leases, const ChannelsByName& by_name,
                  Timestamp at);
  void tellStranded(const ChannelsByName& channels);
  void expire();
  void turnsAway(bool some);

  const std::shared_ptr<Core> core_;
  std::unique_ptr<db::Connection> connection_;
  Clock::time_point next_connect_{};
  Clock::time_point next_renewal_{};
  Clock::time_point next_stranded_{};
  Clock::time_point next_expiry_{};
  bool away_ = false;
  bool turned_away_ = false;  // in this round: due, and no place for it
  std::size_t rounds_ = 0;    // who comes first among equals changes with it
  std::set<std::string> told_;
  std::map<std::string, std::weak_ptr<connectors::Channel>> known_;  // to notice that one was replaced
  std::thread thread_;
};

}  // namespace patchbay::delivery
