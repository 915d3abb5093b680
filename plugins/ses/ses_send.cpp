#include "ses_send.hpp"

#include <algorithm>
#include <patchbay/lenient.hpp>

#include "ses_errors.hpp"
#include "ses_notices.hpp"
#include "ses_reader.hpp"

namespace patchbay::ses {
namespace {

constexpr const char* kSend = "/v2/email/outbound-emails";
constexpr const char* kGetAccount = "/v2/email/account";

bool isTagValue(const std::string& text) {
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// What SES takes, of the whole mail after encoding.
constexpr std::uint64_t kMaxOutgoing = 40'000'000;

/// In base64: three bytes are four letters, and a line of 76 of them has an end of two.
std::uint64_t encoded(std::uint64_t bytes) {
  return bytes / 57 * 78 + bytes % 57 * 78 / 57;
}

/// Why SES would refuse the mail for its size; empty when it takes it.
std::string whyTooLarge(const Operation& operation) {
  std::uint64_t total = operation.body().size() + operation.html().size();
  const Json files = operation.json().value("media", Json::array());
  for (const Json& file : files) total += encoded(std::min(file.value("size", std::uint64_t{0}), kMaxOutgoing));
  if (total <= kMaxOutgoing) return {};
  return "the mail would have " + std::to_string(total / 1'000'000) +
         " MB with its files encoded, and SES takes 40 MB: files of 29 MB together";
}

Step send(const Account& account, const Operation& operation) {
  const auto to = operation.to();
  if (to.kind != "email") return Step::unsupported("messages to an address of kind " + to.kind);
  const bool ascii = std::all_of(to.address.begin(), to.address.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!ascii)
    return Result::failed(ErrorClass::kRecipient, "address",
                          "SES takes addresses in ASCII alone; a domain may be written in its xn-- form");
  const auto mime = operation.mime();
  if (!mime) throw TurnError(PB_INVALID_INPUT, "no_mime", "the operation has no composed message", "/mime");
  if (const auto why = whyTooLarge(operation); !why.empty())
    return Result::failed(ErrorClass::kRequest, "too_large", why);
  Json body = {{"Destination", {{"ToAddresses", Json::array({to.address})}}},
               {"Content", {{"Raw", {{"Data", mime.asBase64()}}}}}};
  if (!account.configuration_set.empty()) body["ConfigurationSetName"] = account.configuration_set;
  if (isTagValue(operation.ref())) body["EmailTags"] = Json::array({{{"Name", kRefTag}, {"Value", operation.ref()}}});
  return signedFor(
      account, "ses",
      HttpRequest::post(account.base_url + kSend).json(std::move(body)).timeout(std::chrono::minutes(2)).completes());
}

Step sent(const Account& account, const Response& answer) {
  const auto id = textOf(answer.json().value_or(Json()), "MessageId");
  if (!answer.ok()) return Result::failed(failureOf(answer));
  if (id.empty() || id.size() > 200)
    return Result::failed(ErrorClass::kUnknown, "no_id", "SES accepted something and did not say as what");
  // Answers name the Message-ID that SES puts in the place of ours, events the id alone.
  return Result::sent({id, messageIdOnTheWire(account, id)});
}

Step tested(const Response& answer) {
  if (!answer.ok()) return Result::failed(failureOf(answer));
  const auto body = answer.json();
  if (!body || !body->is_object())
    return Result::failed(ErrorClass::kTransient, "no_json", "SES answered with no JSON");
  const bool enabled = body->value("SendingEnabled", Json()) != false;
  if (!enabled)
    return Result::failed(ErrorClass::kAccount, "SendingEnabled", "sending is switched off for this account");
  Json found = {{"production_access", body->value("ProductionAccessEnabled", Json())},
                {"enforcement", textOf(*body, "EnforcementStatus")}};
  const Json& quota = memberOf(*body, "SendQuota");
  for (const char* name : {"Max24HourSend", "SentLast24Hours", "MaxSendRate"})
    if (quota.contains(name)) found[name] = quota.at(name);
  return Result::sent().details(std::move(found));
}

}  // namespace

Step begin(const Account& account, const Operation& operation) {
  if (operation.kind() == "message") return send(account, operation);
  if (operation.kind() == "test") return signedFor(account, "ses", HttpRequest::get(account.base_url + kGetAccount));
  return Step::unsupported(operation.kind());
}

Step proceed(const Account& account, const Operation& operation, std::span<const Response> responses) {
  if (responses.empty()) return begin(account, operation);
  return operation.kind() == "test" ? tested(responses[0]) : sent(account, responses[0]);
}

}  // namespace patchbay::ses
