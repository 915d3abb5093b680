/// Webhooks as Meta posts them: signed, and again and again until they are taken.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <patchbay/json.hpp>

#include "base/time.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/common/scheduler.hpp"

namespace patchbay::simulators::meta {

/// Where an account's webhooks go.
struct Callback {
  const char* id_name;  ///< what the control API calls the id: "phone_number_id"
  std::string id;
  std::string url;
  std::string app_secret;  ///< signs them
  std::string verify_token;
  std::string label;
};

/// A webhook ready to be signed.
struct Webhook {
  std::string body;              ///< exact bytes
  std::string kind;              ///< "messages", "status:delivered", "batch", "raw", ...
  std::vector<std::string> ids;  ///< of the messages in it, in order; of a status: the message it is about
  std::string signature = {};    ///< X-Hub-Signature-256; empty: none
};

/// One webhook and what the host said to it.
struct DeliveredWebhook {
  const char* account_name = "account";  ///< what the control API calls the account
  std::string account;
  std::string kind;
  std::vector<std::string> ids;
  std::string body;
  Timestamp time;
  int attempt = 1;
  int status = 0;  ///< HTTP; 0: no whole answer
  std::string answer;
  std::string error;
  double milliseconds = 0;

  bool ok() const { return status == 200; }
};

Json toJson(const DeliveredWebhook& webhook);
/// What POST /deliver answers: the first of the copies, and the host's "answers" to all.
Json answerOf(const std::vector<DeliveredWebhook>& copies);
/// Whether GET /statuses asks for it, by `message_id` and `status`.
bool isAskedFor(const HttpRequest& request, const DeliveredWebhook& webhook);

/// How a webhook is signed and how often it is sent.
struct Delivery {
  enum class Signature { kValid, kWrong, kMissing };
  Signature signature = Signature::kValid;
  std::string signature_header = {};  ///< not empty: sent as it stands
  int copies = 1;                     ///< the same bytes this many times at once, each on its own connection
  bool retry = false;                 ///< repeat in the background until 200
};

/// Thread-safe.
class WebhookSender {
 public:
  /// @param retry_delays  pauses before the repeats of a webhook that was not answered with 200
  /// @param scheduler     runs the repeats; is asked for nothing before the first webhook, and ends before the sender
  /// @param record        called for each attempt
  /// @param tell          a line for people
  WebhookSender(std::chrono::milliseconds timeout, std::vector<std::chrono::milliseconds> retry_delays,
                Scheduler& scheduler, std::function<void(const DeliveredWebhook&)> record,
                std::function<void(const std::string&)> tell);

  /// The hub.challenge handshake. @return empty when the callback echoed the challenge, else what was wrong
  std::string verify(const Callback& to, const std::string& challenge);

  /// Posts and waits for the answers, one per copy. @param story  what it is, for people. @throws BadInput  copies
  std::vector<DeliveredWebhook> deliver(const Callback& to, Webhook webhook, const Delivery& how,
                                        const std::string& story);

 private:
  DeliveredWebhook post(const Callback& to, const Webhook& webhook, int attempt);
  void repeatLater(const Callback& to, const Webhook& webhook, int attempt);

  HttpClient client_;
  std::vector<std::chrono::milliseconds> retry_delays_;
  Scheduler& scheduler_;
  std::function<void(const DeliveredWebhook&)> record_;
  std::function<void(const std::string&)> tell_;
};

/// Takes a step for each of the plan's statuses, after its delay; here and now when they come before the response.
template <class Plan>
void follow(Scheduler& scheduler, const Plan& plan, const std::function<void(const std::string& status)>& step,
            std::size_t index = 0) {
  if (index >= plan.statuses.size()) return;
  auto next = [&scheduler, plan, step, index] {
    step(plan.statuses[index]);
    // The repeats run beside the rest, so an outage of the host breaks the order as it does in life.
    follow(scheduler, plan, step, index + 1);
  };
  if (plan.before_response)
    next();
  else
    scheduler.after(plan.delay, std::move(next));
}

}  // namespace patchbay::simulators::meta
