/// What SendGrid found out about the sender of a mail, in the words of sdk/schema/event.schema.json.
#pragma once

#include <patchbay/event.hpp>
#include <string_view>

namespace patchbay::sendgrid {

/// @param spf   the form's SPF: "pass", "softfail", ...; empty: SendGrid does not tell
/// @param dkim  the form's dkim: "none", or "{@example.org : pass}" for each domain that signed; it is no JSON. Which
/// of
///              them is the sender's the host finds out.
SenderChecks readSenderChecks(std::string_view spf, std::string_view dkim);

}  // namespace patchbay::sendgrid
