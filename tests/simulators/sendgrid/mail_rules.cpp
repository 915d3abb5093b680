#include "simulators/sendgrid/mail_rules.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

constexpr std::size_t kMaxPersonalizations = 1000;
constexpr std::size_t kMaxRecipients = 1000;
constexpr std::size_t kMaxCustomArgs = 10'000;
constexpr std::size_t kMaxCategories = 10;
constexpr std::size_t kMaxCategory = 255;
constexpr std::array<std::string_view, 12> kReserved{
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding",
    "to",      "from",     "subject",  "reply-to",       "cc",           "bcc"};

bool isAddress(const Json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  const auto at = text.find('@');
  return at != std::string::npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == std::string::npos &&
         text.find_first_of(" <>\r\n\t") == std::string::npos;
}

class Rules {
 public:
  explicit Rules(const Json& body) : body_(body) {}

  std::vector<RuleBroken> check() {
    if (!body_.is_object()) {
      broken("Bad Request", "");
      return broken_;
    }
    personalizations();
    address(body_, "from", "from", true);
    if (body_.contains("reply_to")) address(body_, "reply_to", "reply_to", true);
    if (body_.contains("reply_to") && body_.contains("reply_to_list"))
      broken("Use either reply_to or reply_to_list, not both.", "reply_to_list");
    subject();
    content();
    attachments();
    if (body_.contains("headers")) headers(body_["headers"], "headers");
    categories();
    return broken_;
  }

 private:
  void broken(std::string message, std::string field) { broken_.push_back({std::move(message), std::move(field)}); }

  void address(const Json& object, const char* name, const std::string& field, bool required) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_object()) {
      if (required) broken("The " + std::string(name) + " object must be provided.", field + ".email");
      return;
    }
    if (!isAddress(found->value("email", Json()))) broken("Does not contain a valid address.", field + ".email");
    if (found->contains("name") && !(*found)["name"].is_string()) broken("The name must be a string.", field + ".name");
  }

  void personalizations() {
    const auto list = body_.find("personalizations");
    if (list == body_.end() || !list->is_array() || list->empty())
      return broken("The personalizations field is required and must have at least one personalization.",
                    "personalizations");
    if (list->size() > kMaxPersonalizations) broken("There are too many personalizations.", "personalizations");
    std::size_t recipients = 0;
    for (std::size_t i = 0; i < list->size(); ++i)
      recipients += personalization((*list)[i], "personalizations." + std::to_string(i));
    if (recipients > kMaxRecipients) broken("There are too many recipients.", "personalizations");
  }

  std::size_t personalization(const Json& entry, const std::string& at) {
    std::set<std::string> seen;
    std::size_t count = 0;
    if (!entry.is_object() || !entry.contains("to") || !entry["to"].is_array() || entry["to"].empty()) {
      broken(
          "The to array is required for all personalization objects, and must have at least one email object with a "
          "valid email address.",
          at + ".to");
      return 0;
    }
    for (const char* list : {"to", "cc", "bcc"}) {
      const Json people = entry.value(list, Json::array());
      for (std::size_t i = 0; i < people.size(); ++i, ++count) {
        const std::string field = at + "." + list + "." + std::to_string(i) + ".email";
        const Json email = people[i].is_object() ? people[i].value("email", Json()) : Json();
        if (!isAddress(email))
          broken("Does not contain a valid address.", field);
        else if (!seen.insert(lowerAscii(email.get<std::string>())).second)
          broken("Each email address in the personalization block should be unique between to, cc, and bcc.", field);
      }
    }
    if (entry.contains("headers")) headers(entry["headers"], at + ".headers");
    if (entry.contains("custom_args")) strings(entry["custom_args"], at + ".custom_args", kMaxCustomArgs);
    return count;
  }

  void subject() {
    if (body_.contains("subject") && body_["subject"].is_string() &&
        !body_["subject"].get_ref<const std::string&>().empty())
      return;
    broken(
        "The subject is required. You can get around this requirement if you use a template with a subject defined or "
        "if every personalization has a subject defined.",
        "subject");
  }

  void content() {
    const auto list = body_.find("content");
    if (list == body_.end() || !list->is_array() || list->empty())
      return broken("Unless a valid template_id is provided, the content parameter is required.", "content");
    int last = -1;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string at = "content." + std::to_string(i);
      const Json& part = (*list)[i];
      const std::string type =
          part.is_object() && part.contains("type") && part["type"].is_string() ? part["type"] : "";
      if (type.empty()) broken("The content type is required.", at + ".type");
      if (!part.is_object() || !part.contains("value") || !part["value"].is_string() ||
          part["value"].get_ref<const std::string&>().empty())
        broken("The content value must be a string at least one character in length.", at + ".value");
      const int rank = type == "text/plain" ? 0 : type == "text/html" ? 1 : 2;
      if (rank < last)
        broken("If present, text/plain and text/html may only be provided once, in this order and before others.",
               "content");
      last = rank;
    }
  }

  void attachments() {
    const Json list = body_.value("attachments", Json::array());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string at = "attachments." + std::to_string(i);
      const Json& file = list[i];
      if (!file.is_object() || !file.contains("content") || !file["content"].is_string() ||
          !crypto::base64Decode(file["content"].get_ref<const std::string&>()))
        broken("The attachment content must be base64 encoded.", at + ".content");
      if (!file.is_object() || !file.contains("filename") || !file["filename"].is_string() ||
          file["filename"].get_ref<const std::string&>().empty())
        broken("The attachment filename is required.", at + ".filename");
      if (!file.is_object()) continue;
      const std::string disposition = file.value("disposition", "attachment");
      if (disposition != "attachment" && disposition != "inline")
        broken("The disposition must be attachment or inline.", at + ".disposition");
    }
  }

  void headers(const Json& object, const std::string& at) {
    strings(object, at, std::string::npos);
    if (!object.is_object()) return;
    for (const auto& header : object.items())
      if (std::find(kReserved.begin(), kReserved.end(), lowerAscii(header.key())) != kReserved.end())
        broken("The header " + header.key() + " is reserved.", at + "." + header.key());
  }

  void strings(const Json& object, const std::string& at, std::size_t most) {
    if (!object.is_object()) return broken("Must be an object.", at);
    for (const auto& member : object.items())
      if (!member.value().is_string()) broken("Values must be strings.", at + "." + member.key());
    if (dumpJson(object).size() > most) broken("Is too long.", at);
  }

  void categories() {
    const Json list = body_.value("categories", Json::array());
    if (!list.is_array() || list.size() > kMaxCategories) return broken("There may be 10 categories.", "categories");
    std::set<Json> seen;
    for (const Json& category : list)
      if (!category.is_string() || category.get_ref<const std::string&>().size() > kMaxCategory ||
          !seen.insert(category).second)
        broken("Categories must be different strings of at most 255 characters.", "categories");
  }

  const Json& body_;
  std::vector<RuleBroken> broken_;
};

}  // namespace

std::vector<RuleBroken> checkMail(const Json& body) {
  return Rules(body).check();
}

}  // namespace patchbay::simulators::sendgrid
