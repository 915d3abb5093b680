/// Plays Meta for any number of Facebook pages and Instagram accounts: the Send API and its neighbours, and the
/// webhooks of their customers.
///
///     PagesSimulator meta({.app_secret = "s", .token = "t"});
///     meta.registerAccount({.product = Product::kMessenger, .id = "1001", .callback_url = host +
///     "/api/v1/webhooks/acme/page"}); auto answer = meta.deliver("1001", textEvent({"7001", "Ines"}, "Bonjour")); auto
///     sent = meta.waitForSent(1, 5s);
///
/// Every accepted send is followed by its echo and its receipts as webhooks (ReceiptPlan). The same things can be had
/// over HTTP under /_simulator/ (README.md). Thread-safe; the destructor stops everything and joins.
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
#include "simulators/pages/account.hpp"
#include "simulators/pages/events.hpp"

namespace patchbay::simulators::pages {

/// What follows an accepted message, in this order: "echo", "delivered", "read". Instagram has no "delivered"; there it
/// is left out.
struct ReceiptPlan {
  std::vector<std::string> statuses{"echo", "delivered", "read"};
  std::chrono::milliseconds delay{20};  ///< before each
  bool before_response = false;         ///< all are delivered (and answered) before the send call gets its response
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;      ///< 0: the system chooses
  std::string served_by = {};  ///< not empty: no server of its own, others call serve(); this is their URL
  std::string app_secret = "simulator-app-secret";
  std::string token = "simulator-access-token";
  std::string verify_token = "simulator-verify-token";
  std::string app_id = "4711000000000001";  ///< in echoes of what came by the API
  std::uint64_t seed = 0;                   ///< 0: ids differ at each start
  std::chrono::milliseconds webhook_timeout = std::chrono::seconds(10);
  unsigned delivery_threads = 4;
  ReceiptPlan receipts = {};
  std::function<void(std::string_view)> story =
      {};  ///< called with one readable line per step; may come from any thread
};

/// One message that the Send API accepted.
struct SentMessage {
  std::string account;
  std::string to;  ///< the recipient's id, whatever kind
  std::string mid;
  Json body;
  Timestamp time;
  int count = 1;  ///< how many times this very body was accepted so far; 2 is a message the customer got twice
};

using meta::DeliveredWebhook;
using meta::Delivery;

class PagesSimulator {
 public:
  /// @throws std::runtime_error  the address cannot be bound.
  explicit PagesSimulator(Options options = {});
  ~PagesSimulator();

  std::string url() const;

  /// Adds or replaces an account. @throws BadInput  no id or no callback URL.
  void registerAccount(Account account);
  std::vector<Account> accounts() const;

  /// The hub.challenge handshake. @return empty when the callback echoed the challenge, else what was wrong.
  std::string verify(const std::string& account_id);

  /// Delivers an event to the account's callback and waits for the answers, one per copy. @throws BadInput
  std::vector<DeliveredWebhook> deliver(const std::string& account_id, const Json& event, const Delivery& how);
  DeliveredWebhook deliver(const std::string& account_id, const Json& event);

  void setReceipts(ReceiptPlan plan);
  void failNext(Failure failure);
  /// Sends to people who have not written in the last 24 hours are refused, as Meta does.
  void enforceWindow(bool on);

  std::vector<SentMessage> sent() const;
  std::vector<DeliveredWebhook> webhooks() const;
  /// Waits until there are at least `count` sends. @return all of them, fewer on timeout.
  std::vector<SentMessage> waitForSent(std::size_t count, std::chrono::milliseconds timeout) const;
  /// Waits until the host answered 200 to this receipt ("echo", "delivered", "read") of this message.
  bool waitForStatus(const std::string& mid, const std::string& status, std::chrono::milliseconds timeout) const;

  /// The demo: invented customers write to all accounts of that product, or of both. @return {"ok", "messages",
  /// "steps"}.
  Json playDemoCustomers(std::optional<Product> product = {});
  Json demoState() const;

  void reset();

  /// For a server that plays other products too: answers what is ours.
  /// @return nothing for calls that are about none of our accounts
  std::optional<HttpReply> serve(HttpRequest& request);
  /// Likewise before the body is read: whether a failure wants the connection closed.
  std::optional<bool> closeBeforeBody(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::simulators::pages
