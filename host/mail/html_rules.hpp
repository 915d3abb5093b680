/// What HTML of a mail may contain: internal to host/mail, and to the tests that check cleanHtml() against it.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::mail {

enum class TagRule {
  kKeep,
  kUnwrap,  ///< the tag goes, what is inside stays
  kDrop     ///< both go
};

/// @param tag  lower case
TagRule tagRule(std::string_view tag);
bool isVoid(std::string_view tag);

/// The value as it may stand; empty: the attribute goes. Addresses of links are judged here, those of pictures are not.
std::string attributeValue(std::string_view tag, std::string_view name, std::string_view value);

/// http, https, mailto or tel, in the form in which browsers read it; empty for any other.
std::string safeLink(std::string_view url);
/// http or https.
std::string safeRemote(std::string_view url);

}  // namespace patchbay::mail
