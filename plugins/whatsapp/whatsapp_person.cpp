#include "whatsapp_person.hpp"

#include <patchbay/lenient.hpp>

namespace patchbay::whatsapp {
namespace {

constexpr std::size_t kMaxAddress = 320;  // event.schema.json

/// "+33611112222"; empty when it is no number.
std::string phoneOf(std::string_view digits) {
  if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
  if (digits.size() < 5 || digits.size() > 20) return {};
  for (const char c : digits)
    if (c < '0' || c > '9') return {};
  return "+" + std::string(digits);
}

}  // namespace

bool isBsuid(std::string_view id) {
  if (id.size() < 4 || id.size() > 140 || id[2] != '.') return false;
  const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (!letter(id[0]) || !letter(id[1])) return false;
  for (const char c : id.substr(3))
    if (!letter(c) && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.') return false;
  return true;
}

std::optional<Person> personOf(std::string_view phone_or_bsuid, std::string bsuid, const std::string& parent_bsuid) {
  const std::string phone = phoneOf(phone_or_bsuid);
  if (bsuid.empty() && isBsuid(phone_or_bsuid)) bsuid = phone_or_bsuid;
  if (bsuid.size() > kMaxAddress) bsuid.clear();
  if (phone.empty() && bsuid.empty()) return std::nullopt;
  Person person{phone.empty() ? "bsuid" : "phone", phone.empty() ? bsuid : phone};
  if (!phone.empty() && !bsuid.empty()) person.aliases.push_back({"bsuid", bsuid});
  if (!parent_bsuid.empty() && parent_bsuid.size() <= kMaxAddress && parent_bsuid != bsuid)
    person.aliases.push_back({"bsuid", parent_bsuid});
  return person;
}

const Json& contactOf(const Json& value, const std::string& from, const std::string& bsuid) {
  static const Json kNothing;
  for (const Json& contact : itemsOf(value, "contacts")) {
    const std::string wa_id = textOf(contact, "wa_id");
    const std::string user_id = textOf(contact, "user_id");
    if ((!from.empty() && (wa_id == from || user_id == from)) || (!bsuid.empty() && user_id == bsuid)) return contact;
  }
  return kNothing;
}

std::string nameOf(const Json& contact) {
  const Json& profile = memberOf(contact, "profile");
  if (std::string name = textOf(profile, "name"); !name.empty()) return name;
  std::string username = textOf(profile, "username");
  if (!username.empty() && username.front() != '@') username.insert(0, 1, '@');  // both spellings have been seen
  return username;
}

std::optional<Person> senderOf(const Json& value, const Json& message) {
  const std::string from = textOf(message, "from");
  const std::string bsuid = textOf(message, "from_user_id");
  const Json& contact = contactOf(value, from, bsuid);
  auto person = personOf(from, bsuid.empty() ? textOf(contact, "user_id") : bsuid,
                         textOf(message, "from_parent_user_id").empty() ? textOf(contact, "parent_user_id")
                                                                        : textOf(message, "from_parent_user_id"));
  if (person) person->name = nameOf(contact);
  return person;
}

}  // namespace patchbay::whatsapp
