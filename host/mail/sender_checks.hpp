/// What a provider found out about the sender of a mail, as people are shown it.
#pragma once

#include <patchbay/json.hpp>
#include <string_view>

#include "connectors/event.hpp"

namespace patchbay::mail {

/// Whether the two domains are one organisation's (RFC 7489 3.1, relaxed), by the list of public suffixes that libpsl
/// was built with: mail.example.co.uk and example.co.uk are, one.github.io and two.github.io are not.
bool aligned(std::string_view domain, std::string_view other);

/// `mail.sender_checks` in REST: spf, dkim, dmarc and spam, of which those that nobody tells are left out. Of the
/// signatures those count that are aligned with From. Without a verdict of the provider `dmarc` passes when such a
/// signature does, or SPF does for an aligned sender of the envelope; whether it fails only the domain's policy could
/// tell, so that it is unknown otherwise.
/// @param from      domain of the address that is shown as the sender; empty: there is no single one
/// @param envelope  domain of the envelope's sender
Json shownChecks(const connectors::SenderChecks& checks, std::string_view from, std::string_view envelope);

}  // namespace patchbay::mail
