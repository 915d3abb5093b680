// Messenger: the inbox of a Facebook page. What goes over the wire is described beside the functions of meta/ that read
// and build it, which Instagram shares; README.md has the set-up and the quirks.
#include "meta/channel.hpp"

namespace patchbay::messenger {
namespace {

/// For setup.
constexpr const char* kFields =
    "messages,messaging_postbacks,messaging_referrals,messaging_optins,message_deliveries,message_reads,"
    "message_reactions,message_edits,message_echoes,messaging_handovers,standby,messaging_policy_enforcement";

meta::Account accountOf(const Context& context) {
  meta::Account account;
  account.base_url = meta::withoutSlash(context.setting("base_url", "https://graph.facebook.com"));
  account.api_version = context.setting("api_version", "v24.0");
  account.appsecret_proof = context.config().value("appsecret_proof", false);
  account.product = &meta::kMessenger;
  account.id = context.setting("page_id");
  account.node = account.id;
  account.app_id = context.setting("app_id", "");
  account.human_agent = context.config().value("human_agent", false);
  account.profiles = context.config().value("profiles", true);
  account.profile_fields = "first_name,last_name,name,profile_pic";
  account.name_fields = "id,name";
  account.subscribed_fields = context.setting("subscribed_fields", kFields);
  return account;
}

class Messenger : public meta::Channel {
 public:
  explicit Messenger(const Context& context) : meta::Channel(accountOf(context)) {}
};

}  // namespace
}  // namespace patchbay::messenger

PATCHBAY_CONNECTOR(patchbay::messenger::Messenger);
