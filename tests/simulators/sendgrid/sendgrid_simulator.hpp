/// Plays SendGrid for any number of sender addresses: the Mail Send API on a port of its own, the Event Webhook about
/// what was sent, and the customers' mail by Inbound Parse.
///
///     SendGridSimulator sendgrid;
///     sendgrid.addMailbox({.address = "help@patchbay.example", .callback_url = host + "/api/v1/webhooks/acme/email"});
///     sendgrid.deliver({{"from", {{"email", "ana@example.org"}}}, {"subject", "Hi"}, {"text", "Hello"}});
///     auto sent = sendgrid.waitForSent(1, 5s);
///     sendgrid.deliver({{"type", "reply"}, {"text", "Thanks"}});   // to the last mail that was sent
///
/// Every accepted mail is followed by its events (EventPlan). The same things can be had over HTTP under /_simulator/
/// (README.md). Thread-safe; the destructor stops everything and joins.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/json.hpp>

#include "base/time.hpp"
#include "simulators/common/failures.hpp"
#include "simulators/sendgrid/mailbox.hpp"

namespace patchbay::simulators::sendgrid {

/// What follows an accepted mail. {"processed", "delivered"} is the usual; any order, any subset of SendGrid's words.
struct EventPlan {
  std::vector<std::string> events{"processed", "delivered"};
  std::chrono::milliseconds delay{20};  ///< before each
  bool one_batch = false;               ///< all in one POST, after one delay
  bool before_response = false;         ///< all are delivered (and answered) before the send call gets its response
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: the system chooses
  std::string api_key = "SG.simulator-api-key";
  std::string private_key = kPrivateKey;  ///< signs the webhooks
  std::string public_key = kPublicKey;    ///< its other half, for who asks
  std::uint64_t seed = 0;                 ///< 0: ids differ at each start
  std::chrono::milliseconds webhook_timeout = std::chrono::seconds(30);
  unsigned delivery_threads = 4;  ///< webhooks under way at once, beside those of deliver()
  /// Pauses before the repeats of a webhook that was not answered with 2xx; afterwards it is given up.
  std::vector<std::chrono::milliseconds> retry_delays{std::chrono::milliseconds(0), std::chrono::seconds(1),
                                                      std::chrono::seconds(2), std::chrono::seconds(4)};
  EventPlan events;
  std::function<void(std::string_view)> story;  ///< called with one readable line per step; may come from any thread
};

/// One mail that the API accepted.
struct SentMail {
  std::string mailbox;     ///< address of the sender
  std::string to;          ///< the first recipient
  std::string message_id;  ///< X-Message-Id
  Json body;
  Timestamp time;
  int count = 1;  ///< how many times this very body was accepted so far; 2 is a mail the customer got twice
};

/// One webhook and what the host said to it.
struct DeliveredWebhook {
  std::string mailbox;
  std::string kind;              ///< "inbound", "event:delivered", "events"
  std::vector<std::string> ids;  ///< Message-ID of a mail; X-Message-Id that events are about
  std::string body;              ///< at most 1 MiB of it is kept
  Timestamp time;
  int attempt = 1;
  int status = 0;  ///< HTTP; 0: no whole answer
  std::string answer;
  std::string error;
  double milliseconds = 0;

  bool ok() const { return status >= 200 && status < 300; }
};

/// One API call.
struct ApiCall {
  std::string method;
  std::string target;
  std::string body;
  Timestamp time;
  bool authorized = false;
  int status = 0;       ///< of the answer; 0 when there was none
  std::string failure;  ///< what= of the failure that was played, or empty
};

class SendGridSimulator {
 public:
  /// @throws std::runtime_error  the address cannot be bound.
  explicit SendGridSimulator(Options options = {});
  ~SendGridSimulator();

  std::string url() const;
  std::uint16_t port() const;

  /// Adds or replaces a sender. @throws BadInput  no address or no callback URL.
  void addMailbox(Mailbox mailbox);
  std::vector<Mailbox> mailboxes() const;

  /// Delivers a mail (customer_mail.hpp), an answer to one of ours, or events, and waits for the answers, one per copy.
  /// @throws BadInput
  std::vector<DeliveredWebhook> deliver(const Json& event);

  void setEvents(EventPlan plan);
  void setEventsFor(const std::string& to, EventPlan plan);
  void failNext(Failure failure);

  std::vector<SentMail> sent() const;
  std::vector<DeliveredWebhook> webhooks() const;
  std::vector<ApiCall> calls() const;
  /// Waits until there are at least `count` mails (since the start or reset()). @return all of them, fewer on timeout.
  std::vector<SentMail> waitForSent(std::size_t count, std::chrono::milliseconds timeout) const;
  bool waitForCalls(std::size_t count, std::chrono::milliseconds timeout) const;
  /// Waits until the host answered 2xx to this event about this mail.
  bool waitForEvent(const std::string& message_id, const std::string& event, std::chrono::milliseconds timeout) const;

  /// The demo: invented customers write to all senders. @return {"ok", "messages", "steps": [...]}.
  Json playDemoCustomers();
  Json demoState() const;

  /// Forgets what was recorded and ordered, drops webhooks not yet delivered, closes held connections.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::simulators::sendgrid
