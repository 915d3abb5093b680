/// The way in: events of verified webhooks become contacts, conversations, messages, statuses and stream events, in the
/// tenant's lane, each provider message once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/channel.hpp"
#include "db/lane.hpp"
#include "delivery/poll_cursor.hpp"

namespace patchbay::inbox {

/// A signed request as it came: what quarantine keeps.
struct RawRequest {
  std::string method, suffix, query;
  http::Headers headers;
  std::string body;
};

/// Events of one channel instance. One request may carry several: some providers mix the accounts of an app in one POST.
struct Arrivals {
  std::shared_ptr<connectors::Channel> channel;
  std::vector<connectors::Event> events;
};

/// What one request led to; all of it becomes durable together. Everything is of one tenant.
struct Received {
  std::vector<Arrivals> arrivals;
  std::optional<RawRequest> request;  ///< moved in, so that it can be kept if it must; none: not by a webhook
  std::string quarantine;             ///< why the request is kept beside, or instead of, the events; empty: it is not
  std::string channel_name;           ///< under which it is kept
  std::string tenant;
  std::string request_id = {};  ///< for the log
  std::vector<std::string> follow_ups =
      {};  ///< requests to be made afterwards for `channel_name`: toPayload() of follow_up.hpp
  /// Of a poll: moved in the transaction that stores the events, and nothing is stored when its lease is lost.
  std::optional<delivery::PollAdvance> advance = {};
};

class Ingest {
 public:
  explicit Ingest(db::Lanes& lanes) : lanes_(lanes) {}

  /// Called after COMMIT (true) or when nothing could be stored (false: answer 503), on the lane's thread. Must not
  /// block. Events that the database refuses do not come back: they are tried one by one, and the request is kept in
  /// quarantine for those that are refused again; that is true as well.
  using Stored = std::function<void(bool)>;

  /// @return false when the lane is full: answer 503 now; `stored` is not called
  bool submit(Received received, Stored stored);

  /// The same for events that all belong to one channel.
  bool submit(const std::shared_ptr<connectors::Channel>& channel, std::vector<connectors::Event> events,
              Stored stored);

  /// Keeps a request that could not be turned into events.
  bool quarantine(const std::shared_ptr<connectors::Channel>& channel, std::string why, RawRequest request,
                  Stored stored);

 private:
  db::Lanes& lanes_;
};

}  // namespace patchbay::inbox
