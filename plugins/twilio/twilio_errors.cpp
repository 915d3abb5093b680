#include "twilio_errors.hpp"

#include <charconv>

namespace patchbay::twilio {
namespace {

struct Known {
  int code;
  ErrorClass error_class;
  Scope scope;
  int retry_after_s;  // 0: the host's own pace
  const char* meaning;
};

constexpr auto kRecipientScope = Scope::kRecipient;

// https://www.twilio.com/docs/api/errors
constexpr Known kCodes[] = {
    // Refused at once
    {20003, ErrorClass::kAuth, Scope::kAccount, 0, "the credentials are refused"},
    {20404, ErrorClass::kAuth, Scope::kAccount, 0, "the account or the resource does not exist: check account_sid"},
    {20429, ErrorClass::kRateLimited, Scope::kAccount, 1, "too many requests"},
    {20500, ErrorClass::kUnknown, kRecipientScope, 0, "trouble at Twilio"},
    {20503, ErrorClass::kUnknown, kRecipientScope, 0, "trouble at Twilio"},
    {21211, ErrorClass::kRecipient, kRecipientScope, 0, "not a valid number"},
    {21212, ErrorClass::kAccount, Scope::kChannel, 0, "the sender is not valid: check from"},
    {21603, ErrorClass::kAccount, Scope::kChannel, 0, "the sender is missing: set from or messaging_service_sid"},
    {21606, ErrorClass::kAccount, Scope::kChannel, 0, "the sender cannot send: check from"},
    {63002, ErrorClass::kAccount, Scope::kChannel, 0, "no such sender on this channel: check whatsapp_from"},
    {63007, ErrorClass::kAccount, Scope::kChannel, 0, "no such sender on this channel: check whatsapp_from"},
    {21910, ErrorClass::kAccount, Scope::kChannel, 0, "sender and recipient are on different channels"},
    {21408, ErrorClass::kRecipient, kRecipientScope, 0, "sending to this region is not enabled for the account"},
    {21610, ErrorClass::kRecipient, kRecipientScope, 0, "the recipient has opted out"},
    {21611, ErrorClass::kRateLimited, Scope::kChannel, 60, "the sender's queue is full"},
    {21612, ErrorClass::kRecipient, kRecipientScope, 0, "there is no route to this number"},
    {21614, ErrorClass::kRecipient, kRecipientScope, 0, "not a mobile number"},
    {21602, ErrorClass::kRequest, kRecipientScope, 0, "the text is empty"},
    {21617, ErrorClass::kRequest, kRecipientScope, 0, "the text is too long"},
    {21619, ErrorClass::kRequest, kRecipientScope, 0, "the message cannot be created"},
    {21620, ErrorClass::kRequest, kRecipientScope, 0, "the address of the file is not valid"},
    {21623, ErrorClass::kRequest, kRecipientScope, 0, "too many files"},
    {12300, ErrorClass::kRequest, kRecipientScope, 0, "the type of the file is not taken"},
    {11751, ErrorClass::kRequest, kRecipientScope, 0, "the file is too large"},
    {21654, ErrorClass::kRequest, kRecipientScope, 0, "the template's id is missing"},
    {21655, ErrorClass::kRequest, kRecipientScope, 0, "there is no such template"},
    {21656, ErrorClass::kRequest, kRecipientScope, 0, "the template's variables are wrong"},
    // Reported later
    {30001, ErrorClass::kTransient, Scope::kChannel, 0, "the queue overflowed"},
    {30002, ErrorClass::kAccount, Scope::kAccount, 0, "the account is suspended"},
    {30003, ErrorClass::kRecipient, kRecipientScope, 0, "the handset cannot be reached"},
    {30004, ErrorClass::kRecipient, kRecipientScope, 0, "the recipient blocks messages"},
    {30005, ErrorClass::kRecipient, kRecipientScope, 0, "the handset is unknown"},
    {30006, ErrorClass::kRecipient, kRecipientScope, 0, "a landline, or a carrier that cannot be reached"},
    {30007, ErrorClass::kRequest, kRecipientScope, 0, "a filter of the carrier stopped it"},
    {30008, ErrorClass::kTransient, kRecipientScope, 0, "the carrier gives no reason"},
    {30017, ErrorClass::kTransient, kRecipientScope, 0, "the carrier is congested"},
    {30022, ErrorClass::kRateLimited, Scope::kChannel, 60, "over the rate for US numbers"},
    {30023, ErrorClass::kRateLimited, Scope::kChannel, 3600, "over the daily cap for US numbers"},
    {30027, ErrorClass::kRateLimited, Scope::kChannel, 3600, "over a carrier's daily cap"},
    {30034, ErrorClass::kAccount, Scope::kChannel, 0, "the sender is not registered for US numbers"},
    {63003, ErrorClass::kRecipient, kRecipientScope, 0, "not a user of this channel"},
    {63016, ErrorClass::kWindow, kRecipientScope, 0, "over 24 hours since the last message: send a template"},
    {63018, ErrorClass::kRateLimited, Scope::kChannel, 60, "over WhatsApp's rate"},
    {63019, ErrorClass::kRequest, kRecipientScope, 0, "the file could not be fetched"},
    {63024, ErrorClass::kRecipient, kRecipientScope, 0, "not a valid recipient"},
    {63032, ErrorClass::kRecipient, kRecipientScope, 0, "WhatsApp does not deliver to this user"},
    {63038, ErrorClass::kRateLimited, Scope::kAccount, 3600, "over the account's daily cap"},
    {63049, ErrorClass::kRecipient, kRecipientScope, 0, "WhatsApp chose not to deliver it"},
};

const Known* known(int code) {
  for (const Known& one : kCodes)
    if (one.code == code) return &one;
  return nullptr;
}

Failure ofStatus(const Response& response) {
  const int status = response.status();
  const std::string code = std::to_string(status);
  if (status == 401) return {ErrorClass::kAuth, code, "Twilio refuses the credentials", {}, Scope::kAccount};
  if (status == 403 || status == 404)
    return {ErrorClass::kAuth, code, "Twilio has no such account for these credentials", {}, Scope::kAccount};
  if (status == 429)
    return {ErrorClass::kRateLimited, code, "too many requests", std::chrono::seconds(1), Scope::kAccount};
  if (status >= 500 || status < 400)
    return {ErrorClass::kUnknown, code, "Twilio answered without saying what became of it"};
  return {ErrorClass::kRequest, code, "Twilio refuses the request"};
}

}  // namespace

int codeOf(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 ? value : 0;
}

int codeOf(const Response& response) {
  const auto body = response.json();
  return body ? codeOf(textOf(*body, "code")) : 0;
}

Failure classify(int code, std::string text) {
  const Known* found = known(code);
  if (text.empty() && found != nullptr) text = found->meaning;
  if (text.empty()) text = "Twilio names no reason";
  Failure failure{ErrorClass::kRequest, code == 0 ? "" : std::to_string(code), std::move(text)};
  if (found == nullptr) return failure;
  failure.error_class = found->error_class;
  failure.scope = found->scope;
  if (found->retry_after_s > 0) failure.retry_after = std::chrono::seconds(found->retry_after_s);
  return failure;
}

Failure failureOf(const Response& response) {
  if (response.failure() == PB_NOT_SENT) return {ErrorClass::kTransient, "", std::string(response.error())};
  if (!response.answered()) return {ErrorClass::kUnknown, "", std::string(response.error())};
  const auto body = response.json();
  const int code = codeOf(response);
  std::string text = body ? textOf(*body, "message") : "";
  if (body && text.empty()) text = textOf(*body, "detail");
  // A 5xx may have been accepted, whatever code its body has.
  Failure failure = known(code) != nullptr && response.status() < 500 ? classify(code, text) : ofStatus(response);
  if (code != 0) failure.code = std::to_string(code);
  if (!text.empty()) failure.text = text;
  if (failure.error_class == ErrorClass::kRateLimited)
    if (const int seconds = codeOf(std::string(response.header("Retry-After"))); seconds > 0 && seconds <= 86400)
      failure.retry_after = std::chrono::seconds(seconds);
  return failure;
}

}  // namespace patchbay::twilio
