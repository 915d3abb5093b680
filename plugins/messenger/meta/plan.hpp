/// What leaves for one operation: its messages, in order, as bodies of the Send API.
#pragma once

#include <optional>
#include <patchbay/connector.hpp>
#include <string>
#include <vector>

#include "meta/account.hpp"

namespace patchbay::meta {

/// An operation that cannot be turned into requests; becomes a result of class request. Thrown.
struct Refused {
  std::string why;  ///< names the thing and the rule
};

/// One message at the provider. With a file, that is uploaded first and its id goes into the attachment.
struct Part {
  Json message;  ///< the member `message` of the body
  std::optional<Media> file = {};
};

/// The messages of an operation of kind message. The same operation makes the same plan, so that a carry may refer to
/// its parts.
/// @throws Refused  it breaks a limit of Meta's, which would refuse it with less clear words.
std::vector<Part> planOf(const Account& account, const Operation& operation);

/// {"id": "<psid>"}, or {"user_ref": ...} for someone of whom no more is known.
/// @throws Refused  not an address that this channel reaches.
Json recipientOf(const Account& account, const Operation& operation);

/// Meta's word for a file of that type of ours: document -> file.
std::string attachmentType(const std::string& type);

}  // namespace patchbay::meta
