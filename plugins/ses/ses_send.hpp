// Sending: the host has composed the message, SES gets it as it is (Content.Raw), for one recipient at a time: a
// refused address refuses the whole call, and events then belong to one message.
#pragma once

#include <patchbay/connector.hpp>

#include "ses_account.hpp"

namespace patchbay::ses {

Step begin(const Account& account, const Operation& operation);

/// @param responses  none: the step is made again
Step proceed(const Account& account, const Operation& operation, std::span<const Response> responses);

}  // namespace patchbay::ses
