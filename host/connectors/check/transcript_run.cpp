#include "connectors/check/transcript_run.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/text.hpp"
#include "connectors/check/compare.hpp"
#include "connectors/check/form_body.hpp"
#include "connectors/check/mail_event.hpp"
#include "connectors/schemas.hpp"

namespace patchbay::connectors::check {
namespace {

constexpr const char* kRef = "00000000-0000-4000-8000-000000000001";

/// `source[key]` for iteration with items(), which must not be asked of a temporary; an empty object when it is
/// missing.
const Json& objectIn(const Json& source, const char* key) {
  static const Json nothing = Json::object();
  const auto found = source.find(key);
  return found == source.end() ? nothing : *found;
}

/// Members of an expected request that are not compared as they stand.
bool special(const std::string& key) {
  return key == "headers" || key == "json" || key == "json_exact" || key == "form" || key == "body_contains" ||
         key == "respond" || key == "fail";
}

/// The headers that the request will have, `auth` written out with markers.
http::Headers headersOf(const Json& request) {
  http::Headers headers;
  for (const auto& pair : request.value("headers", Json::array()))
    headers.push_back({pair[0].get<std::string>(), pair[1].get<std::string>()});
  const auto marker = [](const Json& auth, const char* key) {
    return "{{secret:" + auth[key].get<std::string>() + "}}";
  };
  for (const auto& auth : request.value("auth", Json::array())) {
    const auto scheme = auth["scheme"].get<std::string>();
    if (scheme == "bearer") headers.push_back({"Authorization", "Bearer " + marker(auth, "key")});
    if (scheme == "basic")
      headers.push_back({"Authorization", "Basic " + marker(auth, "user") + ":" + marker(auth, "password")});
    if (scheme == "header")
      headers.push_back({auth["name"].get<std::string>(), auth.value("prefix", "") + marker(auth, "key")});
  }
  return headers;
}

/// The URL with `auth` of scheme query written out.
std::string urlOf(const Json& request) {
  auto url = request["url"].get<std::string>();
  for (const auto& auth : request.value("auth", Json::array()))
    if (auth["scheme"] == "query")
      url += (url.find('?') == std::string::npos ? "?" : "&") + percentEncode(auth["name"].get<std::string>()) +
             "={{secret:" + auth["key"].get<std::string>() + "}}";
  return url;
}

}  // namespace

std::vector<std::string> StepRun::run(const Json& step) {
  if (step.contains("expect")) expect_ = step["expect"];
  for (const auto& [id, blob] : objectIn(step, "blobs").items())
    if (blob.contains("file")) (void)fileContent(blob["file"].get<std::string>());  // only that it is there
  if (step.contains("receive")) receive(step["receive"]);
  if (step.contains("perform")) perform(step["perform"]);
  if (step.contains("poll")) poll(step["poll"]);
  return std::move(differences_);
}

void StepRun::receive(const Json& source) {
  UnsignedWebhook webhook{
      source.value("method", "POST"), source.value("suffix", ""), source.value("query", ""), {}, {}};
  for (const auto& [name, value] : objectIn(source, "headers").items())
    webhook.headers.push_back({name, value.get<std::string>()});
  if (auto form = formBody(source, [this](const std::string& name) { return fileContent(name); })) {
    webhook.body = std::move(form->body);
    if (http::find(webhook.headers, "Content-Type").empty())
      webhook.headers.push_back({"Content-Type", std::move(form->content_type)});
  } else {
    webhook.body = bytes(source);
  }
  auto& channel = bench_.channel();
  if (source.value("sign", true)) channel.sign(webhook, bench_.now());
  const Webhook view{webhook.method, webhook.suffix, webhook.query, &webhook.headers, webhook.body};
  const auto verdict = channel.verify(view, bench_.now());
  auto answer = verdict.answer;
  if (verdict.kind == Verdict::Kind::kUnknownPath) answer.status = 404;
  if (verdict.kind == Verdict::Kind::kPending) answer.status = 503;  // there is no network here
  if (verdict.kind == Verdict::Kind::kPass) {
    const auto turn = bench_.receive(webhook);
    if (!settled(turn)) return;
    answer = channel.acknowledgement(webhook.suffix);
    if (turn.reply) {
      answer.status = turn.reply->status;
      answer.body = turn.reply->body;
    }
    follow(turn, {{"kind", "receive"}, {"id", "1"}});
  } else if (expect_.contains("error")) {
    differ("error: expected " + expect_["error"].get<std::string>() + ", but the host answered " +
           std::to_string(answer.status) + " before the connector was called" +
           (verdict.reason.empty() ? "" : ": " + verdict.reason));
  }
  if (expect_.contains("status") && expect_["status"] != answer.status)
    differ("status: expected " + expect_["status"].dump() + ", got " + std::to_string(answer.status) +
           (verdict.reason.empty() ? "" : " (" + verdict.reason + ")"));
  else if (!expect_.contains("status") && verdict.kind != Verdict::Kind::kPass &&
           verdict.kind != Verdict::Kind::kHandshake && verdict.kind != Verdict::Kind::kVisit)
    differ("the webhook was refused with " + std::to_string(answer.status) + ": " + verdict.reason);
  if (expect_.contains("body") && expect_["body"] != answer.body)
    differ("body: expected " + brief(expect_["body"]) + ", got " + brief(answer.body));
  if (verdict.kind != Verdict::Kind::kPass)  // else follow() has looked at them
    compare(expect_.value("events", Json::array()), events_, "events", Match::kSubset, differences_);
}

void StepRun::perform(const Json& operation) {
  auto complete = operation;
  if (!complete.contains("id")) complete["id"] = "1";
  if (!complete.contains("ref")) complete["ref"] = kRef;
  static const JsonSchema schema(schemaDocument("operation"));
  // An unknown kind is a case of its own: the connector must say "unsupported".
  if (const auto errors = schema.validate(complete); !errors.empty() && errors[0].pointer != "/kind")
    throw std::runtime_error("the operation does not fit operation.schema.json: " + errors[0].pointer + " " +
                             errors[0].message);
  follow(bench_.perform(complete), complete);
}

void StepRun::poll(const Json& source) {
  const auto cursor = source.value("cursor", "");
  Json operation{{"kind", "poll"}, {"cursor", cursor}};
  if (source.value("careful", false)) operation["careful"] = true;
  follow(bench_.poll(cursor), operation);
}

bool StepRun::settled(const Turn& turn) {
  const auto wanted = expect_.value("error", "");
  if (turn.ok()) return true;
  const std::string got{statusName(turn.status)};
  if (wanted == got) return false;
  differ((wanted.empty() ? "the turn failed: " : "error: expected " + wanted + ", got ") + got + ": " + turn.error);
  return false;
}

void StepRun::takeEvents(const Turn& turn) {
  const auto expected = expect_.value("events", Json::array());
  for (auto& event : bench_.documents("event")) {
    if (events_.size() < expected.size()) expandMime(event, expected[events_.size()], turn.blobs, bench_.now());
    events_.push_back(std::move(event));
  }
}

void StepRun::follow(Turn turn, const Json& operation) {
  const auto steps = expect_.value("requests", Json::array());
  Json throttles = Json::array();
  std::optional<std::string> cursor;
  std::optional<std::chrono::milliseconds> next_poll;
  std::optional<Json> result;
  bool failed = false;
  for (std::size_t n = 0;; ++n) {
    if (!settled(turn)) {
      failed = true;
      break;
    }
    takeEvents(turn);
    for (auto& throttle : bench_.documents("throttle")) throttles.push_back(std::move(throttle));
    if (turn.cursor) cursor = turn.cursor;
    if (turn.next_poll) next_poll = turn.next_poll;
    if (turn.result) result = std::move(turn.result);
    const auto path = "requests/" + std::to_string(n);
    if (n >= steps.size()) {
      if (!turn.requests.empty()) differ(path + ": not expected: " + brief(turn.requests[0]));
      break;
    }
    const Json step = steps[n].is_array() ? steps[n] : Json::array({steps[n]});
    if (step.size() != turn.requests.size()) {
      differ(path + ": expected " + std::to_string(step.size()) + " in this step, got " +
             std::to_string(turn.requests.size()) +
             (turn.requests.empty() ? (result ? "; the operation has ended: " + brief(*result) : "")
                                    : ": " + brief(turn.requests[0])));
      break;
    }
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < step.size(); ++i)
      answers.push_back(
          matchRequest(step[i], turn.requests[i], steps[n].is_array() ? path + "/" + std::to_string(i) : path));
    if (!differences_.empty()) break;  // what follows would only be confusing
    if (turn.cursor) {  // requests beside a cursor are made when the events are durable: no turn of the poll follows
      if (n + 1 < steps.size()) differ("requests/" + std::to_string(n + 1) + ": the poll has ended with a cursor");
      break;
    }
    turn = bench_.resume(operation, turn.carry.value_or(""), answers);
  }
  if (!differences_.empty()) return;
  if (!failed && expect_.contains("error"))
    differ("error: expected " + expect_["error"].get<std::string>() + ", but the turn succeeded");
  if (failed) return;
  if (expect_.contains("result")) {
    if (result)
      compare(expect_["result"], *result, "result", Match::kSubset, differences_);
    else
      differ("result: expected " + brief(expect_["result"]) + ", and there is none");
  }
  compare(expect_.value("events", Json::array()), events_, "events", Match::kSubset, differences_);
  if (expect_.contains("throttle")) compare(expect_["throttle"], throttles, "throttle", Match::kSubset, differences_);
  if (expect_.contains("cursor"))
    compare(expect_["cursor"], cursor ? Json(*cursor) : Json(), "cursor", Match::kExact, differences_);
  if (expect_.contains("next_poll"))
    compare(expect_["next_poll"], next_poll ? Json(next_poll->count()) : Json(), "next_poll", Match::kExact,
            differences_);
}

Answer StepRun::matchRequest(const Json& expected, const Json& actual, const std::string& path) {
  for (const auto& [key, value] : expected.items()) {
    if (special(key)) continue;
    if (key == "url" && value.is_string() && value == urlOf(actual)) continue;
    const auto found = actual.find(key);
    compare(value, found == actual.end() ? Json() : *found, path + "/" + key, Match::kSubset, differences_);
  }
  if (expected.contains("headers")) {
    const auto headers = headersOf(actual);
    for (const auto& [name, value] : expected["headers"].items()) {
      const auto found = std::find_if(headers.begin(), headers.end(),
                                      [&name = name](const auto& h) { return equalsIgnoreCase(h.name, name); });
      if (found == headers.end())
        differ(path + "/headers/" + name + ": expected " + brief(value) + ", and there is no such header");
      else
        compare(value, found->value, path + "/headers/" + name, Match::kExact, differences_);
    }
  }
  matchBody(expected, actual, path);
  return answerOf(expected, actual);
}

void StepRun::matchBody(const Json& expected, const Json& actual, const std::string& path) {
  for (const char* key : {"json", "json_exact"}) {
    if (!expected.contains(key)) continue;
    if (!actual.contains("json"))
      differ(path + "/" + key + ": the request has no JSON body");
    else
      compare(expected[key], actual["json"], path + "/" + key,
              std::string_view{key} == "json" ? Match::kSubset : Match::kExact, differences_);
  }
  if (expected.contains("form")) {
    Json fields = Json::object();  // a name that is there twice becomes a list
    for (const auto& pair : actual.value("form", Json::array())) {
      auto& field = fields[pair[0].get<std::string>()];
      if (field.is_null())
        field = pair[1];
      else if (field.is_array())
        field.push_back(pair[1]);
      else
        field = Json::array({field, pair[1]});
    }
    compare(expected["form"], fields, path + "/form", Match::kSubset, differences_);
  }
  if (expected.contains("body_contains")) {
    std::string body;
    for (const char* key : {"body", "json", "form", "multipart"})
      if (actual.contains(key))
        body += actual[key].is_string() ? actual[key].get<std::string>() : dumpJson(actual[key]);
    const auto& wanted = expected["body_contains"];
    for (const auto& part : wanted.is_array() ? wanted : Json::array({wanted}))
      if (body.find(part.get<std::string>()) == std::string::npos)
        differ(path + "/body_contains: " + brief(part) + " is not in the body " + brief(body));
  }
}

Answer StepRun::answerOf(const Json& expected, const Json& request) {
  Answer answer;
  if (const auto fail = expected.value("fail", ""); !fail.empty()) {
    answer.failure = fail == "connect" ? PB_NOT_SENT : fail == "timeout" ? PB_NO_ANSWER : PB_TOO_LARGE;
    answer.status = fail == "too_large" ? 200 : 0;
    answer.error = fail == "connect"   ? "connection refused"
                   : fail == "timeout" ? "no answer within the deadline"
                                       : "the answer is too large";
    return answer;
  }
  const auto respond = expected.value("respond", Json::object());
  answer.status = respond.value("status", 200);
  for (const auto& [name, value] : objectIn(respond, "headers").items())
    answer.headers.push_back({name, value.get<std::string>()});
  answer.body = respond.contains("json") ? dumpJson(respond["json"]) : bytes(respond);
  if (request.value("into", "") == "blob" && answer.status >= 200 && answer.status < 300) {
    answer.blob = next_blob_++;
    answer.body.clear();
  }
  return answer;
}

std::string StepRun::bytes(const Json& source) const {
  if (source.contains("body_base64")) {
    auto decoded = crypto::base64Decode(source["body_base64"].get<std::string>());
    if (!decoded) throw std::runtime_error("body_base64 is not base64");
    return *decoded;
  }
  if (source.contains("body_file")) return fileContent(source["body_file"].get<std::string>());
  if (!source.contains("body")) return {};
  return source["body"].is_string() ? source["body"].get<std::string>() : dumpJson(source["body"]);
}

std::string StepRun::fileContent(const std::string& name) const {
  const auto path = folder_ + "/" + name;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) throw std::runtime_error(path + " cannot be read");
  return std::move(content).str();
}

}  // namespace patchbay::connectors::check
