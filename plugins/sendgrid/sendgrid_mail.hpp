/// Operation -> body of a Mail Send request. Pure.
#pragma once

#include <patchbay/turn.hpp>

#include "sendgrid_account.hpp"

namespace patchbay::sendgrid {

/// What SendGrid could not take, found before it is asked; for the agent.
struct Refused {
  std::string why;
};

/// One mail to one recipient, so that events, ids and repeats are about the same thing.
/// @throws Refused
Json mailBody(const Account& account, const Operation& operation);

}  // namespace patchbay::sendgrid
