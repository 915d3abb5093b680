/// Operations "test" and "setup": is the bot there, and how do its updates reach us?
#pragma once

#include <patchbay/connector.hpp>
#include <span>

#include "telegram_api.hpp"

namespace patchbay::telegram {

bool isAsk(std::string_view kind);
/// @throws Refused
Step askStep(const Account& account, const Operation& operation, const Carry& carry);
Step proceedAsk(const Account& account, const Operation& operation, const Carry& carry,
                std::span<const Response> responses, const Call& call);

}  // namespace patchbay::telegram
