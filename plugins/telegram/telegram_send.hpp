/// Operations on messages: sending, typing, reactions, edits, withdrawing.
#pragma once

#include <patchbay/connector.hpp>
#include <span>

#include "telegram_api.hpp"

namespace patchbay::telegram {

bool isSend(std::string_view kind);

/// The step at which a message stands, by what earlier ones left; an empty carry: the first. @throws Refused
Step sendStep(const Account& account, const Operation& operation, const Carry& carry);
/// @throws Refused
Step proceedSend(const Account& account, const Operation& operation, const Carry& carry, const Response& response,
                 const Call& call);

}  // namespace patchbay::telegram
