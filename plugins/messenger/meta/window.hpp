/// The reply window, and the tag that answers after it has closed.
#pragma once

#include <patchbay/connector.hpp>

#include "meta/account.hpp"

namespace patchbay::meta {

/// Whether a message must leave with the tag HUMAN_AGENT: the 24 hours were over when it was written, and the admin
/// allows the tag. Without the admin's leave it is never used: Meta punishes it where no human writes. What was the
/// state of the window then says nothing of one that closed while the message waited: the customer may have written
/// since. Where Meta refuses it as late, it goes once more with the tag.
bool needsHumanAgent(const Account& account, const Operation& operation);

}  // namespace patchbay::meta
