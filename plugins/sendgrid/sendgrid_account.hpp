/// What a channel's configuration says, as values.
#pragma once

#include <cstdint>
#include <patchbay/turn.hpp>
#include <string>
#include <vector>

namespace patchbay::sendgrid {

/// Our reference, in every event about a message. Events carry custom arguments beside SendGrid's own members, hence
/// the prefix.
inline constexpr const char* kRefArgument = "pb_msg";
/// The sender of the message, by which a channel that shares the account's event webhook finds its own events.
inline constexpr const char* kSenderArgument = "pb_conn";

struct Account {
  std::string base_url;  ///< without a slash at the end
  std::string from_email;
  std::string from_name;
  std::string reply_to;  ///< empty: none
  std::vector<std::string> categories;
  bool open_tracking = false;
  bool click_tracking = false;
  std::int64_t asm_group_id = 0;  ///< 0: none
  bool sandbox_mode = false;

  static Account from(const Context& context) {
    const Json& config = context.config();
    Account account;
    account.base_url = context.setting("base_url", "https://api.sendgrid.com");
    while (!account.base_url.empty() && account.base_url.back() == '/') account.base_url.pop_back();
    account.from_email = context.setting("from_email");
    account.from_name = context.setting("from_name", "");
    account.reply_to = context.setting("reply_to", "");
    account.categories = config.value("categories", std::vector<std::string>{"patchbay"});
    account.open_tracking = config.value("open_tracking", false);
    account.click_tracking = config.value("click_tracking", false);
    account.asm_group_id = config.value("asm_group_id", std::int64_t{0});
    account.sandbox_mode = config.value("sandbox_mode", false);
    return account;
  }
};

}  // namespace patchbay::sendgrid
