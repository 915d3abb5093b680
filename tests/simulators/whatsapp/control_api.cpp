/// The control API: JSON under /_simulator/, on the same port as the Graph API.
/// tests/simulators/README.md lists it.
///
/// Wrong input: 400 with {"error": "..."} that names the member and the rule.
#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/control.hpp"
#include "simulators/whatsapp/simulator_impl.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

Delivery deliveryOf(Json& event) {
  Delivery how;
  const std::string signature = textOr(event, "signature", "valid");
  if (signature == "wrong")
    how.signature = Delivery::Signature::kWrong;
  else if (signature == "missing")
    how.signature = Delivery::Signature::kMissing;
  else if (signature != "valid")
    how.signature_header = signature;
  how.copies = static_cast<int>(numberOr(event, "copies", 1));
  how.retry = truthOr(event, "retry", false);
  for (const char* name : {"signature", "copies", "retry"}) event.erase(name);
  return how;
}

long long bounded(const Json& json, const char* name, long long otherwise, long long most) {
  const long long value = numberOr(json, name, otherwise);
  if (value < 0 || value > most)
    throw BadInput("'" + std::string(name) + "' must be 0.." + std::to_string(most) + ", got " + std::to_string(value));
  return value;
}

StatusPlan planOf(const Json& json, StatusPlan plan) {
  allowOnly(json, "statuses", {"statuses", "delay_ms", "before_response", "failed_code", "to"});
  if (json.contains("statuses")) {
    if (!json["statuses"].is_array()) throw BadInput("'statuses' must be an array of status names");
    plan.statuses.clear();
    for (const Json& name : json["statuses"]) {
      if (!name.is_string()) throw BadInput("'statuses' must be an array of status names");
      plan.statuses.push_back(name.get<std::string>());
    }
  }
  plan.delay = std::chrono::milliseconds(numberOr(json, "delay_ms", plan.delay.count()));
  if (plan.delay.count() < 0 || plan.delay > std::chrono::hours(1)) throw BadInput("'delay_ms' must be 0..3600000");
  plan.before_response = truthOr(json, "before_response", plan.before_response);
  plan.failed_code = static_cast<int>(numberOr(json, "failed_code", plan.failed_code));
  return plan;
}

Number numberFromJson(const Json& json) {
  allowOnly(json, "number",
            {"phone_number_id", "callback_url", "display_phone_number", "waba_id", "app_secret", "token",
             "verify_token", "label"});
  return {textOr(json, "phone_number_id", ""),      textOr(json, "callback_url", ""),
          textOr(json, "display_phone_number", ""), textOr(json, "waba_id", ""),
          textOr(json, "app_secret", ""),           textOr(json, "token", ""),
          textOr(json, "verify_token", ""),         textOr(json, "label", "")};
}

}  // namespace

Json toJson(const Number& number) {
  return {{"phone_number_id", number.phone_number_id},
          {"callback_url", number.callback_url},
          {"display_phone_number", number.display_phone_number},
          {"waba_id", number.waba_id},
          {"label", number.label}};
}

Json toJson(const SentMessage& message) {
  return {{"phone_number_id", message.phone_number_id},
          {"to", message.to},
          {"wamid", message.wamid},
          {"body", message.body},
          {"time", formatRfc3339(message.time)},
          {"count", message.count}};
}

Json toJson(const GraphCall& call) {
  // An uploaded file is not worth printing.
  const bool text = !call.content_type.starts_with("multipart/");
  Json json{{"method", call.method},
            {"target", call.target},
            {"content_type", call.content_type},
            {"body", text ? readable(call.body) : Json("(" + std::to_string(call.body.size()) + " bytes)")},
            {"time", formatRfc3339(call.time)},
            {"authorized", call.authorized},
            {"status", call.status}};
  if (!call.failure.empty()) json["failure"] = call.failure;
  return json;
}

HttpReply WhatsAppSimulator::Impl::controlDeliver(Json event) {
  if (!event.is_object()) throw BadInput("event: must be a JSON object, got " + dumpJson(event));
  const Delivery how = deliveryOf(event);
  std::string id = textOr(event, "phone_number_id", "");
  if (id.empty()) {
    const std::lock_guard lock(mutex);
    if (numbers.empty()) throw BadInput("no number is registered");
    id = numbers[0].phone_number_id;
  }
  Json answer = meta::answerOf(deliver(id, event, how));
  if (how.copies == 1) answer.erase("answers");
  return plain(200, answer);
}

HttpReply WhatsAppSimulator::Impl::controlStatuses(const Json& body) {
  const std::lock_guard lock(mutex);
  const std::string to = textOr(body, "to", "");
  if (to.empty()) {
    plan = planOf(body, plan);
  } else {
    const auto own = plans.find(to);
    plans[to] = planOf(body, own == plans.end() ? plan : own->second);
  }
  return plain(200, {{"ok", true}});
}

HttpReply WhatsAppSimulator::Impl::controlMedia(const Json& body) {
  allowOnly(body, "media", {"base64", "mime_type"});
  auto bytes = crypto::base64Decode(textOr(body, "base64", ""));
  const std::string mime_type = textOr(body, "mime_type", "");
  if (!bytes) throw BadInput("media: 'base64' is not base64");
  if (mime_type.empty()) throw BadInput("media: 'mime_type' is missing");
  return plain(200, {{"id", media.add(std::move(*bytes), mime_type).id}});
}

HttpReply WhatsAppSimulator::Impl::controlSettings(const Json& body) {
  allowOnly(body, "settings",
            {"media_url_seconds", "per_second", "pair_burst", "pair_pause_ms", "window", "check_templates",
             "template_review"});
  if (body.contains("media_url_seconds"))
    media.setUrlLifetime(std::chrono::seconds(bounded(body, "media_url_seconds", 300, 86'400)));
  LimitSettings limit = limits.settings();
  limit.per_second = static_cast<int>(bounded(body, "per_second", limit.per_second, 100'000));
  limit.pair_burst = static_cast<int>(bounded(body, "pair_burst", limit.pair_burst, 100'000));
  limit.pair_pause = std::chrono::milliseconds(bounded(body, "pair_pause_ms", limit.pair_pause.count(), 3'600'000));
  limit.window = truthOr(body, "window", limit.window);
  TemplateReview how;
  if (body.contains("template_review")) {
    const Json& given = body["template_review"];
    allowOnly(given, "template_review", {"status", "reason", "delay_ms"});
    how.status = textOr(given, "status", how.status);
    how.reason = textOr(given, "reason", "");
    how.delay = std::chrono::milliseconds(bounded(given, "delay_ms", how.delay.count(), 3'600'000));
  }
  limits.set(limit);
  const std::lock_guard lock(mutex);
  check_templates = truthOr(body, "check_templates", check_templates);
  if (body.contains("template_review")) review = how;
  return plain(200, {{"ok", true}});
}

HttpReply WhatsAppSimulator::Impl::control(const HttpRequest& request) try {
  const std::string what = request.path.substr(std::string_view("/_simulator").size());
  const std::string ask = request.method + " " + what;
  const Json body = request.method == "POST" && !request.body.empty() ? parseJson(request.body) : Json::object();
  if (ask == "POST /deliver") return controlDeliver(body);
  if (ask == "GET /sent" || ask == "GET /requests" || ask == "GET /demo/state")
    return journal.answerRecords(request, what, [this] { return demoState(); });
  if (ask == "GET /statuses")
    return journal.answerWebhooks(request, [&](const auto& webhook) { return meta::isAskedFor(request, webhook); });
  if (ask == "POST /statuses") return controlStatuses(body);
  if (ask == "GET /fail" || ask == "POST /fail" || ask == "DELETE /fail")
    return plain(200, failures.control(request.method, body));
  if (ask == "POST /media") return controlMedia(body);
  if (ask == "GET /templates" || ask == "POST /templates") return controlTemplates(request.method, body);
  if (ask == "POST /settings") return controlSettings(body);
  if (ask == "POST /numbers") registerNumber(numberFromJson(body));
  if (ask == "GET /numbers" || ask == "POST /numbers") {
    const std::lock_guard lock(mutex);
    return plain(200, {{"numbers", listOf(numbers)}});
  }
  if (ask == "POST /verify") {
    const std::string problem = verify(textOr(body, "phone_number_id", ""));
    return plain(problem.empty() ? 200 : 502, {{"ok", problem.empty()}, {"problem", problem}});
  }
  if (ask == "POST /reset") {
    reset();
    return plain(200, {{"ok", true}});
  }
  if (ask == "POST /demo/customers") {
    const Json told = playCustomers();
    return plain(told.value("ok", false) ? 200 : 502, told);
  }
  return plain(404, {{"error", "there is no " + ask + " under /_simulator; see tests/simulators/README.md"}});
} catch (...) {
  return wrongInput();
}

}  // namespace patchbay::simulators::whatsapp
