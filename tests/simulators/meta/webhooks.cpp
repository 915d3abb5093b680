#include "simulators/meta/webhooks.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "simulators/common/control.hpp"
#include "simulators/common/webhook.hpp"
#include "simulators/meta/wire.hpp"

namespace patchbay::simulators::meta {

Json toJson(const DeliveredWebhook& webhook) {
  Json json{{webhook.account_name, webhook.account},
            {"kind", webhook.kind},
            {"ids", webhook.ids},
            {"body", readable(webhook.body)},
            {"time", formatRfc3339(webhook.time)},
            {"attempt", webhook.attempt},
            {"status", webhook.status},
            {"answer", webhook.answer},
            {"milliseconds", webhook.milliseconds}};
  if (!webhook.error.empty()) json["error"] = webhook.error;
  return json;
}

Json answerOf(const std::vector<DeliveredWebhook>& copies) {
  Json answer = toJson(copies.front());
  answer.erase("answer");
  answer["body"] = copies.front().answer;
  answer["answers"] = Json::array();
  for (const auto& copy : copies)
    answer["answers"].push_back({{"status", copy.status}, {"body", copy.answer}, {"error", copy.error}});
  return answer;
}

bool isAskedFor(const HttpRequest& request, const DeliveredWebhook& webhook) {
  const std::string id = request.parameter("message_id");
  const std::string status = request.parameter("status");
  return (id.empty() || std::find(webhook.ids.begin(), webhook.ids.end(), id) != webhook.ids.end()) &&
         (status.empty() || webhook.kind == "status:" + status || webhook.kind == "template:" + status);
}

WebhookSender::WebhookSender(std::chrono::milliseconds timeout, std::vector<std::chrono::milliseconds> retry_delays,
                             Scheduler& scheduler, std::function<void(const DeliveredWebhook&)> record,
                             std::function<void(const std::string&)> tell)
    : client_(timeout),
      retry_delays_(std::move(retry_delays)),
      scheduler_(scheduler),
      record_(std::move(record)),
      tell_(std::move(tell)) {}

std::string WebhookSender::verify(const Callback& to, const std::string& challenge) {
  const char* joint = to.url.find('?') == std::string::npos ? "?" : "&";
  const HttpAnswer answer = client_.get(to.url + joint + "hub.mode=subscribe&hub.challenge=" + challenge +
                                        "&hub.verify_token=" + percentEncode(to.verify_token));
  std::string problem;
  if (answer.status == 0)
    problem = "no answer: " + answer.error;
  else if (answer.status != 200)
    problem = "answered " + std::to_string(answer.status) + " instead of 200";
  else if (answer.body != challenge)
    problem = "the body must be the challenge and nothing else, got '" + shortened(answer.body) + "'";
  tell_("Meta verifies " + to.label + ": " + (problem.empty() ? "challenge echoed" : problem));
  return problem;
}

DeliveredWebhook WebhookSender::post(const Callback& to, const Webhook& webhook, int attempt) {
  HttpClient::Headers headers{{"Content-Type", "application/json"}};
  if (!webhook.signature.empty()) headers.emplace_back("X-Hub-Signature-256", webhook.signature);
  const HttpAnswer answer = client_.post(to.url, headers, webhook.body);
  DeliveredWebhook record{to.id_name,
                          to.id,
                          webhook.kind,
                          webhook.ids,
                          webhook.body,
                          now(),
                          attempt,
                          answer.status,
                          answer.body,
                          answer.error,
                          static_cast<double>(answer.took.count()) / 1000.0};
  record_(record);
  return record;
}

void WebhookSender::repeatLater(const Callback& to, const Webhook& webhook, int attempt) {
  const auto index = static_cast<std::size_t>(attempt) - 1;
  if (index >= retry_delays_.size())
    return tell_("Meta gives up on " + to.label + ": " + webhook.kind + " after " + std::to_string(attempt) +
                 " attempts");
  scheduler_.after(retry_delays_[index], [=, this] {
    const DeliveredWebhook again = post(to, webhook, attempt + 1);
    tell_("Meta repeats " + webhook.kind + " -> " + to.label + ": " + resultOf(again));
    if (!again.ok()) repeatLater(to, webhook, attempt + 1);
  });
}

std::vector<DeliveredWebhook> WebhookSender::deliver(const Callback& to, Webhook webhook, const Delivery& how,
                                                     const std::string& story) {
  webhook.signature = how.signature_header;
  if (webhook.signature.empty() && how.signature != Delivery::Signature::kMissing)
    webhook.signature =
        signature(to.app_secret + (how.signature == Delivery::Signature::kWrong ? "-wrong" : ""), webhook.body);
  auto records = postCopies(how.copies, [&] { return post(to, webhook, 1); });
  tell_(story + " | " + resultOf(records.back()) +
        (how.copies > 1 ? ", " + std::to_string(how.copies) + " copies at once" : ""));
  if (how.retry && !records.back().ok()) repeatLater(to, webhook, 1);
  return records;
}

}  // namespace patchbay::simulators::meta
