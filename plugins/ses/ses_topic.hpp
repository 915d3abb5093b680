// What SNS posts: an envelope whose `Message` is a text, which for SES holds a JSON document of its own.
#pragma once

#include <patchbay/connector.hpp>

#include "ses_account.hpp"

namespace patchbay::ses {

/// A whole webhook. @throws TurnError when it is no message of a topic at all; what is odd inside becomes an event.
Received readTopicMessage(const Account& account, const Request& request, const Call& call);

}  // namespace patchbay::ses
