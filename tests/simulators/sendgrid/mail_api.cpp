/// The API: keys, senders, sends, and the failures that were ordered.
#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/spoil.hpp"
#include "simulators/sendgrid/mail_rules.hpp"
#include "simulators/sendgrid/simulator_impl.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

constexpr std::size_t kMaxMail = 30'000'000;  // the whole mail after encoding

std::string recipientOf(const Json& body) {
  try {
    return body.at("personalizations").at(0).at("to").at(0).at("email").get<std::string>();
  } catch (const Json::exception&) {
    return {};
  }
}

bool sandboxed(const Json& body) {
  const Json settings = body.value("mail_settings", Json::object());
  const Json sandbox = settings.is_object() ? settings.value("sandbox_mode", Json::object()) : Json::object();
  return sandbox.is_object() && sandbox.value("enable", Json()) == true;
}

HttpReply rulesReply(const std::vector<RuleBroken>& broken) {
  Json errors = Json::array();
  for (const RuleBroken& rule : broken)
    errors.push_back(
        {{"message", rule.message}, {"field", rule.field.empty() ? Json() : Json(rule.field)}, {"help", nullptr}});
  return jsonReply(400, {{"errors", std::move(errors)}});
}

std::string messageOf(int status) {
  switch (status) {
    case 401:
      return "The provided authorization grant is invalid, expired, or revoked";
    case 403:
      return "The from address does not match a verified Sender Identity.";
    case 413:
      return "The JSON payload you have included in your request is too large.";
    case 429:
      return "too many requests";
    default:
      return "Played by the simulator.";
  }
}

}  // namespace

HttpReply jsonReply(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, dumpJson(body)};
}

HttpReply errorReply(int status, const std::string& message, const std::string& field) {
  return jsonReply(
      status,
      {{"errors", {{{"message", message}, {"field", field.empty() ? Json() : Json(field)}, {"help", nullptr}}}}});
}

bool SendGridSimulator::Impl::closeBeforeBody(const HttpRequest& request) {
  if (request.path != "/v3/mail/send" || !failures.takeBeforeBody("messages")) return false;
  tell("SendGrid closes before the body of a mail");
  journal.add(ApiCall{request.method, request.target, {}, now(), false, 0, "close_before_request"});
  return true;
}

HttpReply SendGridSimulator::Impl::serve(HttpRequest& request) {
  if (request.path.starts_with("/_simulator/")) return control(request);
  ApiCall call{request.method, request.target, request.body, now(), false, 0, {}};
  HttpReply reply = api(request, call);
  call.status = reply.manner == Manner::kNeverAnswer || reply.manner == Manner::kClose ? 0 : reply.status;
  journal.add(std::move(call));
  return reply;
}

HttpReply SendGridSimulator::Impl::api(const HttpRequest& request, ApiCall& call) {
  if (request.path != "/v3/mail/send") return errorReply(404, "not found");
  if (request.method != "POST") return errorReply(405, "method not allowed");
  return send(request, call);
}

std::optional<Mailbox> SendGridSimulator::Impl::senderOf(const Json& body, const std::string& key) const {
  const Json from = body["from"];
  const std::lock_guard lock(mutex);
  for (const Mailbox& mailbox : mailboxes)
    if (mailbox.api_key == key && equalsIgnoreCase(mailbox.address, from.value("email", ""))) return mailbox;
  return std::nullopt;
}

HttpReply SendGridSimulator::Impl::send(const HttpRequest& request, ApiCall& call) {
  const std::string given = request.header("Authorization");
  const std::string key = given.starts_with("Bearer ") ? given.substr(7) : std::string();
  {
    const std::lock_guard lock(mutex);
    call.authorized = std::any_of(mailboxes.begin(), mailboxes.end(), [&](const Mailbox& mailbox) {
      return !key.empty() && crypto::constantTimeEqual(mailbox.api_key, key);
    });
  }
  if (!call.authorized) return errorReply(401, messageOf(401));
  if (!lowerAscii(request.header("Content-Type")).starts_with("application/json"))
    return errorReply(415, "Content-Type should be application/json.");
  if (request.body.size() > kMaxMail) return errorReply(413, messageOf(413));
  Json body;
  try {
    body = parseJson(request.body);
  } catch (const JsonError&) {
    return errorReply(400, "Bad Request");
  }
  const auto failure = failures.take("messages", recipientOf(body));
  if (isRefusal(failure)) return spoil(*failure, {}, call);
  if (const auto broken = checkMail(body); !broken.empty()) {
    tell("SendGrid refuses a mail: " + broken.front().message + " " + broken.front().field);
    return rulesReply(broken);
  }
  const auto mailbox = senderOf(body, key);
  if (!mailbox) return errorReply(403, messageOf(403), "from");
  if (sandboxed(body)) return {200, {}, {}};
  if (failure && !failure->counts) return spoil(*failure, {202, {}, {}}, call);
  const SentMail mail = accept(*mailbox, body);
  HttpReply reply{202, {{"X-Message-Id", mail.message_id}}, {}};
  return failure ? spoil(*failure, std::move(reply), call) : reply;
}

SentMail SendGridSimulator::Impl::accept(const Mailbox& mailbox, const Json& body) {
  SentMail mail{mailbox.address, recipientOf(body), ids.word(22), body, now(), 1};
  mail.count = journal.count(crypto::digest(crypto::Hash::kSha256, dumpJson(body)));
  EventPlan how;
  bool is_suppressed = false;
  {
    const std::lock_guard lock(mutex);
    const auto own = plans.find(mail.to);
    how = own == plans.end() ? plan : own->second;
    is_suppressed = suppressed.contains(mail.to);
    if (is_suppressed) how.events = {"dropped"};
    for (const std::string& word : how.events)
      if (word == "bounce" || word == "spamreport" || word == "unsubscribe") suppressed[mail.to] = word;
  }
  journal.add(mail);
  tell(mailbox.label + " -> " + mail.to + ": \"" + body["subject"].get<std::string>() + "\"" +
       (mail.count > 1 ? " | DUPLICATE, " + std::to_string(mail.count) + " times now" : " | accepted"));
  deliverEvents(mailbox, mail, how, 0);
  return mail;
}

HttpReply SendGridSimulator::Impl::spoil(const Failure& failure, HttpReply reply, ApiCall& call) const {
  using What = Failure::What;
  call.failure = failure.toJson()["what"].get<std::string>();
  const auto reset = [](int seconds) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count() + seconds);
  };
  switch (failure.what) {
    case What::kError:
      reply = errorReply(failure.code, messageOf(failure.code));
      break;
    case What::kGarbage:
      reply = {200, {{"Content-Type", "text/html"}}, "<!-- \x01 upstream connect error"};
      break;
    case What::kNoId:
      reply.headers.clear();
      break;
    case What::kUsage:
      reply.headers.emplace_back("X-RateLimit-Limit", "600");
      reply.headers.emplace_back("X-RateLimit-Remaining", failure.percent >= 100 ? "0" : "1");
      reply.headers.emplace_back("X-RateLimit-Reset", reset(60 * failure.minutes));
      break;
    default:
      spoilConnection(failure, reply);
      break;
  }
  if (failure.retry_after) {
    reply.headers.emplace_back("X-RateLimit-Limit", "600");
    reply.headers.emplace_back("X-RateLimit-Remaining", "0");
    reply.headers.emplace_back("X-RateLimit-Reset", reset(*failure.retry_after));
  }
  tell("SendGrid plays a failure: " + dumpJson(failure.toJson()));
  return reply;
}

}  // namespace patchbay::simulators::sendgrid
