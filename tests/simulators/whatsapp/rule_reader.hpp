/// Reading a request body member by member; the first broken rule is thrown as RuleBroken and caught in checkMessage().
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <patchbay/json.hpp>

#include "simulators/whatsapp/message_rules.hpp"

namespace patchbay::simulators::whatsapp::rules {

inline constexpr int kInvalid = 100;
inline constexpr int kMissing = 131008;
inline constexpr int kBadValue = 131009;

[[noreturn]] void broken(int code, std::string details);

/// Every member of `object` must be one of `known`; `path` names the object.
void onlyMembers(const Json& object, const std::string& path, std::initializer_list<std::string_view> known);

const Json& object(const Json& parent, const std::string& path, const char* name);
const Json& array(const Json& parent, const std::string& path, const char* name, std::size_t low, std::size_t high);
/// A string of low to high UTF-16 units.
std::string text(const Json& parent, const std::string& path, const char* name, std::size_t low, std::size_t high);
/// The same when the member is there; otherwise nothing is checked.
void optionalText(const Json& parent, const std::string& path, const char* name, std::size_t low, std::size_t high);
void optionalTruth(const Json& parent, const std::string& path, const char* name);
void webLink(const Json& parent, const std::string& path, const char* name);

/// `{"id"}` or `{"link"}`, never both, of a kind that fits the uploaded file. @return its MIME type, empty for a link.
std::string mediaReference(const Json& parent, const std::string& path, std::string_view kind,
                           const MediaLookup& media);

void interactive(const Json& message, const MediaLookup& media);
void messageTemplate(const Json& message, const MediaLookup& media);

}  // namespace patchbay::simulators::whatsapp::rules
