/// Twilio's wire formats: forms, and the signature over URL and fields. Written from the provider's documents, apart
/// from the host's own code, so that the two check each other.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::simulators::twilio {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string encodeForm(const Fields& fields);
/// @throws BadInput  a broken escape
Fields decodeForm(std::string_view body);

/// Every value of that name.
std::vector<std::string> valuesOf(const Fields& fields, std::string_view name);
/// The first value; empty when there is none.
std::string valueOf(const Fields& fields, std::string_view name);

/// X-Twilio-Signature of a POST of a form. `url` without its fragment.
std::string signatureOf(const std::string& token, const std::string& url, Fields fields);

}  // namespace patchbay::simulators::twilio
