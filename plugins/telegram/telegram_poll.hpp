/// Polling: getUpdates, with the next offset as the cursor. An offset confirms what is below it, so it is sent only
/// when that is stored: the host moves the cursor together with the events.
#pragma once

#include <patchbay/connector.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "telegram_api.hpp"

namespace patchbay::telegram {

Step pollStep(const Account& account, std::string_view cursor);
Step proceedPoll(const Account& account, const Operation& operation, const Carry& carry, const Response& response,
                 const Call& call);

/// One call for each callback query; Telegram shows its button as busy until then.
std::vector<HttpRequest> answersTo(const Account& account, const std::vector<std::string>& queries);
/// The end of such calls.
Step answered(std::span<const Response> responses, const Call& call);

}  // namespace patchbay::telegram
