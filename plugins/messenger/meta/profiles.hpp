/// Who writes: webhooks of Messenger and Instagram bring an id alone, the name is asked for.
#pragma once

#include <patchbay/connector.hpp>
#include <span>
#include <vector>

#include "meta/account.hpp"

namespace patchbay::meta {

/// Adds one request per customer who wrote in this webhook, and a carry that says whose answer is whose.
void askForProfiles(const Account& account, Received& received);

/// Names found become `contact` events. A profile that cannot be had is nobody's fault and ends as well.
Step proceedProfiles(const Account& account, const Carry& carry, std::span<const Response> responses, const Call& call);

}  // namespace patchbay::meta
