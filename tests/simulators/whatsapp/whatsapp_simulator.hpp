/// Plays Meta for any number of WhatsApp numbers: the Graph API on a port of its own, and the webhooks of customers.
///
///     WhatsAppSimulator meta({.app_secret = "s", .token = "t"});
///     meta.registerNumber({.phone_number_id = "1061", .callback_url = host + "/api/v1/webhooks/acme/whatsapp"});
///     auto answer = meta.deliver("1061", textEvent({.name = "Ines", .phone = "+33611112222"}, "Bonjour"));
///     meta.failNext(Failure::fromText("what=429,retry_after=1"));
///     auto sent = meta.waitForSent(1, 5s);
///
/// Every accepted send is followed by its statuses as webhooks (StatusPlan). The same things can be had over HTTP under
/// /_simulator/ (README.md). Thread-safe; the destructor stops everything and joins.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/json.hpp>

#include "base/time.hpp"
#include "simulators/common/failures.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/meta/webhooks.hpp"
#include "simulators/whatsapp/events.hpp"
#include "simulators/whatsapp/number.hpp"

namespace patchbay::simulators::whatsapp {

/// What follows an accepted send. {"sent","delivered","read"} is the usual; any order, any subset, "failed" too.
struct StatusPlan {
  std::vector<std::string> statuses{"sent", "delivered", "read"};
  std::chrono::milliseconds delay{20};  ///< before each
  bool before_response = false;         ///< all are delivered (and answered) before the send call gets its response
  int failed_code = 131026;             ///< of a "failed"
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: the system chooses
  std::string app_secret = "simulator-app-secret";
  std::string token = "simulator-access-token";
  std::string verify_token = "simulator-verify-token";
  std::uint64_t seed =
      0;  ///< 0: ids differ at each start, so that a store that outlives the simulator sees new messages
  std::chrono::milliseconds media_url_lifetime = std::chrono::minutes(5);
  std::chrono::milliseconds webhook_timeout = std::chrono::seconds(10);
  unsigned delivery_threads = 4;  ///< webhooks under way at once, beside those of deliver()
  /// Pauses before the repeats of a webhook that was not answered with 200; afterwards it is given up.
  std::vector<std::chrono::milliseconds> retry_delays{std::chrono::milliseconds(0), std::chrono::seconds(1),
                                                      std::chrono::seconds(2), std::chrono::seconds(4),
                                                      std::chrono::seconds(8)};
  StatusPlan statuses;
  /// Another product on the same port (`patchbay-simulate graph`), asked first; nothing: the call is WhatsApp's.
  std::function<std::optional<HttpReply>(HttpRequest&)> beside;
  /// Likewise, before the body is read: whether to close the connection. Nothing: WhatsApp's own failures decide.
  std::function<std::optional<bool>(const HttpRequest&)> close_beside;
  std::function<void(std::string_view)> story;  ///< called with one readable line per step; may come from any thread
};

/// One message that the Graph API accepted.
struct SentMessage {
  std::string phone_number_id;
  std::string to;  ///< as in the request: phone, group or user id
  std::string wamid;
  Json body;
  Timestamp time;
  int count = 1;  ///< how many times this very body was accepted so far; 2 is a message the customer got twice
};

/// One Graph API call.
struct GraphCall {
  std::string method;
  std::string target;
  std::string content_type;
  std::string body;
  Timestamp time;
  bool authorized = false;
  int status = 0;       ///< of the answer; 0 when there was none
  std::string failure;  ///< what= of the failure that was played, or empty
};

using meta::DeliveredWebhook;
using meta::Delivery;

class WhatsAppSimulator {
 public:
  /// @throws std::runtime_error  the address cannot be bound.
  explicit WhatsAppSimulator(Options options = {});
  ~WhatsAppSimulator();

  std::string url() const;
  std::uint16_t port() const;

  /// Adds or replaces a number. @throws BadInput  no id or no callback URL.
  void registerNumber(Number number);
  std::vector<Number> numbers() const;

  /// The hub.challenge handshake. @return empty when the callback echoed the challenge, else what was wrong.
  std::string verify(const std::string& phone_number_id);

  /// Delivers an event to the number's callback and waits for the answers, one per copy. @throws BadInput
  std::vector<DeliveredWebhook> deliver(const std::string& phone_number_id, const Json& event, const Delivery& how);
  DeliveredWebhook deliver(const std::string& phone_number_id, const Json& event);

  void setStatuses(StatusPlan plan);
  /// For one recipient (`to` of the request) alone.
  void setStatusesFor(const std::string& to, StatusPlan plan);
  void failNext(Failure failure);
  void clearFailures();

  /// Files Meta keeps. @return the media id.
  std::string addMedia(std::string bytes, std::string mime_type);
  void setMediaUrlLifetime(std::chrono::milliseconds lifetime);

  std::vector<SentMessage> sent() const;
  std::vector<DeliveredWebhook> webhooks() const;
  std::vector<GraphCall> calls() const;
  /// Waits until there are at least `count` sends (since the start or reset()). @return all of them, fewer on timeout.
  std::vector<SentMessage> waitForSent(std::size_t count, std::chrono::milliseconds timeout) const;
  /// Waits until the host answered 200 to this status of this message.
  bool waitForStatus(const std::string& wamid, const std::string& status, std::chrono::milliseconds timeout) const;
  /// Waits until the host answered 200 to the webhook about a template's new status.
  bool waitForTemplate(const std::string& template_id, const std::string& status,
                       std::chrono::milliseconds timeout) const;
  /// Waits until there are at least `count` Graph calls, failed ones included.
  bool waitForCalls(std::size_t count, std::chrono::milliseconds timeout) const;

  /// The demo: invented customers write to all numbers. @return {"ok", "messages", "steps": [...]}.
  Json playDemoCustomers();
  /// {"customers": steps, "sent": [... with "statuses"], "total", "read"}
  Json demoState() const;

  /// Forgets sends, calls, webhooks and failures, drops webhooks not yet delivered, closes held connections. Numbers,
  /// files and status plans stay.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::simulators::whatsapp
