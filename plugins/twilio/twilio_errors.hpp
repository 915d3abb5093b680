/// What Twilio's error codes mean for a message and for the channel.
#pragma once

#include <patchbay/result.hpp>
#include <string>

namespace patchbay::twilio {

/// "Attempt to send to unsubscribed recipient": the person has opted out.
inline constexpr int kOptedOut = 21610;

/// The class and scope of a code, 0 for none. Codes that are not listed are permanent: Twilio warns that the code for a
/// cause may change, and the number is shown.
Failure classify(int code, std::string text);

/// The answer to a call that did not succeed: the code in its body, else its HTTP status, else why there is no answer.
Failure failureOf(const Response& response);

/// A number in digits; 0 for anything else.
int codeOf(const std::string& text);

/// The "code" in the JSON of an answer; 0: none.
int codeOf(const Response& response);

}  // namespace patchbay::twilio
