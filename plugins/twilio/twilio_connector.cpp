// Twilio: SMS, MMS, and WhatsApp through Twilio. What goes over the wire is described beside the functions that read
// and build it; README.md has the set-up and the quirks.
#include <patchbay/connector.hpp>

#include "twilio_address.hpp"
#include "twilio_receive.hpp"
#include "twilio_send.hpp"

namespace patchbay::twilio {
namespace {

std::string withoutSlash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

Account accountOf(const Context& context) {
  Account account;
  account.sid = context.setting("account_sid");
  account.base_url = withoutSlash(context.setting("base_url", "https://api.twilio.com"));
  account.messaging_base_url = withoutSlash(context.setting("messaging_base_url", "https://messaging.twilio.com"));
  account.from = context.setting("from", "");
  account.whatsapp_from = context.setting("whatsapp_from", "");
  account.messaging_service_sid = context.setting("messaging_service_sid", "");
  const bool key = context.config().contains("api_key_sid"), secret = context.config().contains("api_key_secret");
  if (key != secret)
    throw TurnError(PB_REJECTED, "api_key",
                    "api_key_sid and api_key_secret go together: an API key never has the account's auth token",
                    key ? "/config/api_key_secret" : "/config/api_key_sid");
  account.api_key = key;
  if (account.from.empty() && account.whatsapp_from.empty() && account.messaging_service_sid.empty())
    throw TurnError(PB_REJECTED, "no_sender", "a sender is needed: from, whatsapp_from or messaging_service_sid",
                    "/config/from");
  account.unreachable = isLoopback(context.webhookUrl()) && !isLoopback(account.base_url);
  if (account.unreachable)
    context.log(PB_WARNING, "set public_url: Twilio cannot reach " + context.webhookUrl() +
                                ", so nothing comes in, statuses are not asked for and files are refused");
  else if (context.config().value("status_callback", true) && !context.webhookUrl().empty())
    account.status_callback = context.webhookUrl() + "/status";
  return account;
}

/// One account and its senders. No state between turns, so reentrant.
class Twilio {
 public:
  explicit Twilio(const Context& context) : account_(accountOf(context)), reading_(account_.reading()) {
    reading_.whatsapp_keywords = context.config().value("whatsapp_keywords", true);
  }

  Received receive(const Request& request, const Call& call) const {
    return {.events = readWebhook(reading_, Fields(request), request, call)};
  }

  Step perform(const Operation& operation, const Call& call) const { return begin(account_, operation, call); }

  Step resume(const Operation& operation, const Carry& carry, std::span<const Response> responses,
              const Call& call) const {
    return proceed(account_, operation, carry, responses, call);
  }

 private:
  Account account_;
  Reading reading_;
};

}  // namespace
}  // namespace patchbay::twilio

PATCHBAY_CONNECTOR(patchbay::twilio::Twilio);
