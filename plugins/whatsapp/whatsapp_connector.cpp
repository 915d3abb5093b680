// WhatsApp through Meta's Cloud API. What goes over the wire is described beside the functions that read and build it;
// README.md has the set-up and the quirks.
#include <patchbay/connector.hpp>

#include "whatsapp_receive.hpp"
#include "whatsapp_send.hpp"

namespace patchbay::whatsapp {
namespace {

/// One phone number. No state between turns, so reentrant.
class WhatsApp {
 public:
  explicit WhatsApp(const Context& context)
      : account_{{meta::withoutSlash(context.setting("base_url", "https://graph.facebook.com")),
                  context.setting("api_version", "v23.0"), context.config().value("appsecret_proof", false)},
                 context.setting("phone_number_id"),
                 context.setting("waba_id", "")} {}

  Received receive(const Request& request, const Call& call) const {
    const Json webhook = parseJsonLoosely(request.body());
    if (!webhook.is_object() || webhook.value("object", Json()) != "whatsapp_business_account") {
      const char* why = "not a webhook of a WhatsApp business account; is the callback URL that of another product?";
      // With entries it may hold messages, which nobody else gets: the host keeps the request.
      if (webhook.is_object() && webhook.contains("entry") && !webhook["entry"].empty())
        throw TurnError(PB_INVALID_INPUT, "foreign_object", why, "/object");
      call.warn("foreign_object", why, "/object");
      return {};
    }
    return {.events = readWebhook(webhook, call.now())};
  }

  Step perform(const Operation& operation, const Call&) const { return begin(account_, operation); }

  Step resume(const Operation& operation, const Carry& carry, std::span<const Response> responses,
              const Call& call) const {
    return proceed(account_, operation, carry, responses, call);
  }

 private:
  Account account_;
};

}  // namespace
}  // namespace patchbay::whatsapp

PATCHBAY_CONNECTOR(patchbay::whatsapp::WhatsApp);
