/// The control API under /_simulator/ (README.md).
#include <algorithm>

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/control.hpp"
#include "simulators/sendgrid/simulator_impl.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

constexpr long long kLongestWait = 600'000;
constexpr std::size_t kShownContent = 2000;

long long parameter(const HttpRequest& request, const std::string& name, long long otherwise, long long most) {
  const std::string text = request.parameter(name);
  return text.empty() ? otherwise : parseNumber("'" + name + "'", text, 0, most);
}

EventPlan planFromJson(const Json& body, EventPlan plan) {
  allowOnly(body, "events", {"events", "delay_ms", "one_batch", "before_response", "to"});
  if (body.contains("events")) {
    constexpr std::array<std::string_view, 13> kWords{"processed",
                                                      "deferred",
                                                      "delivered",
                                                      "bounce",
                                                      "blocked",
                                                      "dropped",
                                                      "open",
                                                      "click",
                                                      "spamreport",
                                                      "unsubscribe",
                                                      "group_unsubscribe",
                                                      "group_resubscribe",
                                                      "account_status_change"};
    plan.events.clear();
    for (const Json& word : body["events"]) {
      if (!word.is_string() || std::find(kWords.begin(), kWords.end(), word.get<std::string>()) == kWords.end())
        throw BadInput("events: SendGrid has no event " + dumpJson(word));
      plan.events.push_back(word);
    }
  }
  plan.delay = std::chrono::milliseconds(numberOr(body, "delay_ms", plan.delay.count()));
  plan.one_batch = truthOr(body, "one_batch", plan.one_batch);
  plan.before_response = truthOr(body, "before_response", plan.before_response);
  return plan;
}

Mailbox mailboxFromJson(const Json& body) {
  allowOnly(body, "mailbox",
            {"address", "callback_url", "inbound", "inbound_url", "mode", "sign_inbound", "api_key", "label"});
  const std::string mode = textOr(body, "mode", "raw");
  if (mode != "raw" && mode != "parsed") throw BadInput("mailbox: 'mode' must be raw or parsed, got '" + mode + "'");
  return {textOr(body, "address", ""),
          textOr(body, "callback_url", ""),
          textOr(body, "inbound", ""),
          textOr(body, "inbound_url", ""),
          mode == "raw",
          truthOr(body, "sign_inbound", true),
          textOr(body, "api_key", ""),
          textOr(body, "label", "")};
}

Json toJson(const Mailbox& mailbox) {
  return {{"address", mailbox.address},
          {"callback_url", mailbox.callback_url},
          {"inbound", mailbox.inbound},
          {"inbound_url", mailbox.inbound_url},
          {"mode", mailbox.raw ? "raw" : "parsed"},
          {"sign_inbound", mailbox.sign_inbound},
          {"label", mailbox.label}};
}

Json deliveryJson(const DeliveredWebhook& webhook) {
  return {{"ids", webhook.ids},
          {"status", webhook.status},
          {"body", webhook.answer},
          {"milliseconds", webhook.milliseconds}};
}

}  // namespace

/// Contents of attachments are shown up to a length; their number of characters always.
Json toJson(const SentMail& mail) {
  Json body = mail.body;
  if (body.contains("attachments"))
    for (Json& file : body["attachments"]) {
      auto& content = file["content"].get_ref<std::string&>();
      const auto size = content.size();
      if (size > kShownContent) content.resize(kShownContent);
      file["content_size"] = size;
    }
  return {{"mailbox", mail.mailbox}, {"to", mail.to},       {"message_id", mail.message_id},
          {"body", std::move(body)}, {"count", mail.count}, {"time", formatRfc3339(mail.time)}};
}

Json toJson(const DeliveredWebhook& webhook) {
  return {{"mailbox", webhook.mailbox}, {"kind", webhook.kind},
          {"ids", webhook.ids},         {"attempt", webhook.attempt},
          {"status", webhook.status},   {"answer", webhook.answer},
          {"error", webhook.error},     {"milliseconds", webhook.milliseconds}};
}

Json toJson(const ApiCall& call) {
  return {{"method", call.method},         {"target", call.target}, {"size", call.body.size()},
          {"authorized", call.authorized}, {"status", call.status}, {"failure", call.failure}};
}

HttpReply SendGridSimulator::Impl::control(const HttpRequest& request) {
  try {
    const std::string what = request.path.substr(std::string_view("/_simulator/").size());
    const Json body = request.body.empty() ? Json::object() : parseJson(request.body);
    const bool posted = request.method == "POST";
    if (what == "deliver" && posted) {
      const auto records = deliver(body);
      if (records.size() == 1) return jsonReply(200, deliveryJson(records[0]));
      Json all = Json::array();
      for (const auto& record : records) all.push_back(deliveryJson(record));
      return jsonReply(200, {{"deliveries", std::move(all)}});
    }
    if (what == "sent" || what == "requests") return controlRecords(request, what);
    if (what == "events") return controlEvents(request, body);
    if (what == "fail") return jsonReply(200, failures.control(request.method, body));
    if (what == "key") return jsonReply(200, {{"public_key", options.public_key}});
    if (what == "mailboxes") {
      if (posted) addMailbox(mailboxFromJson(body));
      Json list = Json::array();
      const std::lock_guard lock(mutex);
      for (const Mailbox& mailbox : mailboxes) list.push_back(toJson(mailbox));
      return jsonReply(200, {{"mailboxes", std::move(list)}});
    }
    if (what == "reset" && posted) {
      reset();
      return jsonReply(200, {{"ok", true}});
    }
    if (what == "demo/customers" && posted) {
      const Json summary = playCustomers();
      return jsonReply(summary["ok"].get<bool>() ? 200 : 502, summary);
    }
    if (what == "demo/state") return jsonReply(200, demoState());
    return jsonReply(404, {{"error", "no " + request.method + " /_simulator/" + what}});
  } catch (...) {
    return wrongInput();
  }
}

HttpReply SendGridSimulator::Impl::controlRecords(const HttpRequest& request, const std::string& what) {
  const auto at_least = static_cast<std::size_t>(parameter(request, "at_least", 0, 1'000'000));
  const std::chrono::milliseconds timeout(parameter(request, "timeout_ms", 5000, kLongestWait));
  const bool of_mail = what == "sent";
  const bool enough =
      of_mail ? journal.waitForSent(at_least, timeout).size() >= at_least : journal.waitForCalls(at_least, timeout);
  return jsonReply(enough ? 200 : 408, {{what, of_mail ? listOf(journal.sent()) : listOf(journal.calls())}});
}

HttpReply SendGridSimulator::Impl::controlEvents(const HttpRequest& request, const Json& body) {
  if (request.method == "POST") {
    const std::string to = textOr(body, "to", "");
    const std::lock_guard lock(mutex);
    (to.empty() ? plan : plans[to]) = planFromJson(body, plan);
    return jsonReply(200, {{"ok", true}});
  }
  const std::string id = request.parameter("message_id");
  const std::string word = request.parameter("event");
  const std::chrono::milliseconds timeout(parameter(request, "timeout_ms", 5000, kLongestWait));
  const bool enough = id.empty() || journal.waitForWebhook(timeout, [&](const DeliveredWebhook& webhook) {
    return webhook.kind == "event:" + word &&
           std::find(webhook.ids.begin(), webhook.ids.end(), id) != webhook.ids.end();
  });
  return jsonReply(enough ? 200 : 408, {{"webhooks", listOf(journal.webhooks())}});
}

}  // namespace patchbay::simulators::sendgrid
