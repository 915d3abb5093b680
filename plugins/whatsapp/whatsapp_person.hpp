/// Who a person is: a phone number, a business-scoped user id (BSUID), or both.
///
/// Users may hide their number, and their id changes with it, so nothing may assume that either is there. Whatever is
/// seen together belongs to one person.
#pragma once

#include <optional>
#include <patchbay/event.hpp>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>

namespace patchbay::whatsapp {

/// "FR.7781234500991122", "FR.ENT.123". It has been seen where a phone number is documented.
bool isBsuid(std::string_view id);

/// The person behind a phone number (digits, perhaps with '+') and business-scoped ids, any of which may be empty. A
/// number, where there is one, is the address to answer to.
/// @return nothing when neither is usable.
std::optional<Person> personOf(std::string_view phone_or_bsuid, std::string bsuid, const std::string& parent_bsuid);

/// The entry of value.contacts for one of these ids, matched by id since the order promises nothing; null without one.
const Json& contactOf(const Json& value, const std::string& from, const std::string& bsuid);

/// The display name, else "@username", else empty.
std::string nameOf(const Json& contact);

/// Who wrote `message`, an item of value.messages.
std::optional<Person> senderOf(const Json& value, const Json& message);

}  // namespace patchbay::whatsapp
