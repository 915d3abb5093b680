/// What is asked of SendGrid, and what its answers mean.
#pragma once

#include <patchbay/turn.hpp>

#include "sendgrid_account.hpp"

namespace patchbay::sendgrid {

/// Operations `message` and `test`; anything else is unsupported.
Step begin(const Account& account, const Operation& operation);

/// The answer to the one request of begin().
Step proceed(const Account& account, const Operation& operation, const Response& response, const Call& call);

}  // namespace patchbay::sendgrid
