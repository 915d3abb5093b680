/// Operation "media": a file that a contact sent, in two steps. Where it is, then its bytes. Both URLs hold the token.
#pragma once

#include <patchbay/connector.hpp>

#include "telegram_api.hpp"

namespace patchbay::telegram {

Step mediaStep(const Account& account, const Operation& operation, const Carry& carry);
Step proceedMedia(const Account& account, const Operation& operation, const Carry& carry, const Response& response,
                  const Call& call);

}  // namespace patchbay::telegram
