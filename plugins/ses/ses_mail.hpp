// Mail that SES received for us: inside the notification (up to 150 KB), or in a bucket of S3, where it is fetched.
#pragma once

#include <patchbay/connector.hpp>
#include <string>

#include "ses_account.hpp"
#include "ses_notices.hpp"

namespace patchbay::ses {

/// @param text  the document as it came, for events that say what could not be read
Received readMail(const Account& account, const Json& notice, const std::string& text, const Notified& notified,
                  const Call& call);

/// The answers of S3, or none: the request is made again.
Step takeObject(const Account& account, const Carry& carry, std::span<const Response> responses, const Call& call);

}  // namespace patchbay::ses
