/// The control API: JSON under /_simulator/, on the same port as Amazon's. tests/simulators/README.md lists it.
///
/// Wrong input: 400 with {"error": "..."} that names the member and the rule.
#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/control.hpp"
#include "simulators/ses/simulator_impl.hpp"

namespace patchbay::simulators::ses {
namespace {

std::vector<std::string> textsOf(const Json& json, const char* name) {
  std::vector<std::string> texts;
  if (!json.contains(name)) return texts;
  if (!json[name].is_array()) throw BadInput(std::string("'") + name + "' must be an array of texts");
  for (const Json& item : json[name]) {
    if (!item.is_string()) throw BadInput(std::string("'") + name + "' must be an array of texts");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

Receipt receiptFrom(const Json& json) {
  Receipt how;
  const auto via = textOr(json, "via", "sns");
  if (via != "sns" && via != "s3") throw BadInput("deliver: 'via' must be sns or s3, got '" + via + "'");
  how.s3 = via == "s3";
  how.encoding = textOr(json, "encoding", how.encoding);
  if (json.contains("verdicts")) how.verdicts = json["verdicts"];
  how.signature = textOr(json, "signature", how.signature);
  how.forget_object = truthOr(json, "forget_object", false);
  how.id = textOr(json, "id", "");
  return how;
}

Json told(const Posted& posted) {
  Json json = toJson(posted);
  json["ids"] = Json::array({posted.message_id});
  json["body"] = posted.answer;
  json.erase("answer");
  return json;
}

}  // namespace

Json toJson(const SentMail& mail) {
  return {{"id", mail.id},
          {"topic", mail.topic},
          {"to", mail.to},
          {"subject", headerOf(mail.raw, "Subject")},
          {"raw", mail.raw},
          {"wire", mail.wire},
          {"configuration_set", mail.configuration_set},
          {"tags", mail.tags},
          {"body", mail.body},
          {"time", formatRfc3339(mail.time)},
          {"count", mail.count}};
}

Json toJson(const Posted& posted) {
  Json json{{"topic", posted.topic},
            {"kind", posted.kind},
            {"message_id", posted.message_id},
            {"body", readable(posted.body)},
            {"time", formatRfc3339(posted.time)},
            {"attempt", posted.attempt},
            {"status", posted.status},
            {"answer", posted.answer},
            {"milliseconds", posted.milliseconds}};
  if (!posted.error.empty()) json["error"] = posted.error;
  return json;
}

Json toJson(const Call& call) {
  Json json{{"method", call.method},
            {"target", call.target},
            {"body", readable(call.body)},
            {"time", formatRfc3339(call.time)},
            {"authorized", call.problem.empty()},
            {"status", call.status}};
  if (!call.problem.empty()) json["problem"] = call.problem;
  if (!call.failure.empty()) json["failure"] = call.failure;
  return json;
}

Topic topicFromJson(const Json& json) {
  allowOnly(json, "topic", {"arn", "callback_url", "address", "label", "signature_version", "confirmed"});
  return {textOr(json, "arn", ""),   textOr(json, "callback_url", ""),       textOr(json, "address", ""),
          textOr(json, "label", ""), textOr(json, "signature_version", "1"), truthOr(json, "confirmed", false)};
}

Written writtenFrom(const Json& json) {
  Written mail;
  mail.from = textOr(json, "from", mail.from);
  mail.to = textOr(json, "to", "");
  mail.subject = textOr(json, "subject", mail.subject);
  mail.text = textOr(json, "text", "");
  mail.message_id = textOr(json, "message_id", "");
  mail.in_reply_to = textOr(json, "in_reply_to", "");
  mail.references = textsOf(json, "references");
  mail.raw = textOr(json, "raw", "");
  for (const auto& [name, value] : json.value("headers", Json::object()).items())
    mail.more.emplace_back(name, textOr(json["headers"], name.c_str(), ""));
  return mail;
}

HttpReply SesSimulator::Impl::controlDeliver(const Json& body) {
  const auto type = textOr(body, "type", "mail");
  const auto arn = textOr(body, "topic", "");
  if (type == "mail") {
    allowOnly(body, "deliver",
              {"type", "topic", "from", "to", "subject", "text", "message_id", "in_reply_to", "references", "raw",
               "headers", "via", "encoding", "verdicts", "signature", "forget_object", "id"});
    return plain(200, told(receive(arn, writtenFrom(body), receiptFrom(body))));
  }
  if (type == "event") {
    allowOnly(body, "deliver", {"type", "message_id", "event", "more"});
    return plain(
        200, told(tell(textOr(body, "message_id", ""), textOr(body, "event", ""), body.value("more", Json::object()))));
  }
  if (type != "raw") throw BadInput("deliver: 'type' must be mail, event or raw, got '" + type + "'");
  allowOnly(body, "deliver", {"type", "topic", "message", "overrides", "signature"});
  const auto text = body.contains("message") && body["message"].is_string() ? body["message"].get<std::string>()
                                                                            : dumpJson(body.value("message", Json()));
  return plain(200, told(publish(topicByArn(arn), text, "text", "", body.value("overrides", Json::object()),
                                 textOr(body, "signature", "valid"), false)));
}

HttpReply SesSimulator::Impl::controlStatuses(const HttpRequest& request) {
  const auto id = request.parameter("message_id");
  const auto kind = request.parameter("status");
  const auto fits = [&](const Posted& one) {
    return (id.empty() || one.message_id == id) && (kind.empty() || one.kind == kind);
  };
  return journal.answerWebhooks(request, fits);
}

HttpReply SesSimulator::Impl::controlPlan(const Json& body) {
  allowOnly(body, "statuses", {"statuses", "delay_ms", "identity"});
  const std::lock_guard lock(mutex);
  if (body.contains("statuses")) plan.types = textsOf(body, "statuses");
  plan.delay = std::chrono::milliseconds(numberOr(body, "delay_ms", plan.delay.count()));
  if (plan.delay.count() < 0 || plan.delay > std::chrono::hours(1)) throw BadInput("'delay_ms' must be 0..3600000");
  plan.identity = truthOr(body, "identity", plan.identity);
  return plain(200, {{"ok", true}});
}

HttpReply SesSimulator::Impl::control(const HttpRequest& request) try {
  const std::string what = request.path.substr(std::string_view("/_simulator").size());
  const std::string ask = request.method + " " + what;
  const Json body = request.method == "POST" && !request.body.empty() ? parseJson(request.body) : Json::object();
  if (ask == "POST /deliver") return controlDeliver(body);
  if (ask == "GET /sent" || ask == "GET /requests" || ask == "GET /demo/state")
    return journal.answerRecords(request, what, [this] { return demoState(); });
  if (ask == "GET /statuses") return controlStatuses(request);
  if (ask == "POST /statuses") return controlPlan(body);
  if (what == "/fail") return plain(200, failures.control(request.method, body));
  if (ask == "POST /objects") {
    allowOnly(body, "object", {"key", "base64"});
    auto bytes = crypto::base64Decode(textOr(body, "base64", ""));
    if (!bytes || textOr(body, "key", "").empty()) throw BadInput("object: 'key' and 'base64' are needed");
    const std::lock_guard lock(mutex);
    objects[textOr(body, "key", "")] = std::move(*bytes);
    return plain(200, {{"ok", true}});
  }
  if (ask == "POST /subscribe") {
    const auto problem = subscribe(textOr(body, "topic", ""));
    return plain(problem.empty() ? 200 : 502, {{"ok", problem.empty()}, {"problem", problem}});
  }
  if (ask == "GET /certificate") return plain(200, {{"url", certificateUrl()}, {"pem", signer.certificate()}});
  if (ask == "POST /reset") {
    reset();
    return plain(200, {{"ok", true}});
  }
  if (ask == "POST /demo/customers") {
    const Json played = playCustomers();
    return plain(played.value("ok", false) ? 200 : 502, played);
  }
  return plain(404, {{"error", "there is no " + ask + " under /_simulator; see tests/simulators/README.md"}});
} catch (...) {
  return wrongInput();
}

}  // namespace patchbay::simulators::ses
