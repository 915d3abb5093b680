// Instagram: the direct messages of a professional account, with either way to log in. What goes over the wire is
// described in plugins/messenger/meta/, which Messenger shares; README.md has the set-up and the quirks.
#include "meta/channel.hpp"

namespace patchbay::instagram {
namespace {

/// For setup. What was read is reported to the account itself alone, and echoes come under a field of their own there;
/// by the page they come with the messages. Edits and referrals have no name here that is documented for Instagram.
constexpr const char* kPageFields = "messages,messaging_postbacks,message_reactions";
constexpr const char* kLoginFields = "messages,messaging_postbacks,messaging_seen,message_reactions,message_echoes";

/// Two ways to log in, two hosts: with Instagram the token and the URLs are those of the account itself, with Facebook
/// those of the page it is linked to.
meta::Account accountOf(const Context& context) {
  const bool by_page = context.setting("login", "instagram") == "facebook";
  meta::Account account;
  account.base_url = meta::withoutSlash(
      context.setting("base_url", by_page ? "https://graph.facebook.com" : "https://graph.instagram.com"));
  account.api_version = context.setting("api_version", "v24.0");
  account.appsecret_proof = context.config().value("appsecret_proof", false);
  account.product = &meta::kInstagram;
  account.id = context.setting("ig_id");
  account.node = by_page ? context.setting("page_id", "me") : account.id;
  account.app_id = context.setting("app_id", "");
  account.human_agent = context.config().value("human_agent", false);
  account.profiles = context.config().value("profiles", true);
  account.names_messaging_type = by_page;
  account.only_love = by_page;
  account.upload_names_instagram = by_page;
  account.profile_fields = "name,username,profile_pic";
  account.name_fields = by_page ? "id,name" : "id,name,username";
  account.subscribed_fields = context.setting("subscribed_fields", by_page ? kPageFields : kLoginFields);
  return account;
}

class Instagram : public meta::Channel {
 public:
  explicit Instagram(const Context& context) : meta::Channel(accountOf(context)) {}
};

}  // namespace
}  // namespace patchbay::instagram

PATCHBAY_CONNECTOR(patchbay::instagram::Instagram);
