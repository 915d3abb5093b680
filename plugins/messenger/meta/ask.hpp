/// Operations without a message: is-typing, read, reactions, and the account itself.
#pragma once

#include <patchbay/connector.hpp>
#include <span>
#include <string_view>

#include "meta/account.hpp"

namespace patchbay::meta {

/// typing, read, reaction, test, setup
bool isAsk(std::string_view kind);

/// @throws Refused
Step askStep(const Account& account, const Operation& operation);

/// @param responses  at least one
Step proceedAsk(const Account& account, const Operation& operation, std::span<const Response> responses,
                const Call& call);

}  // namespace patchbay::meta
