#include "simulators/whatsapp/message_rules.hpp"

#include <array>
#include <cctype>
#include <charconv>

#include "base/text.hpp"
#include "simulators/meta/wire.hpp"
#include "simulators/whatsapp/rule_reader.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

constexpr std::size_t kNoLimit = 100'000;  // UTF-16 units; for members whose limit is not published
constexpr std::size_t kMiB = 1U << 20U;

struct MediaRule {
  std::string_view kind;
  std::string_view mime_type;
  std::size_t limit;
};

constexpr std::array<MediaRule, 21> kMedia{{
    {"audio", "audio/aac", 16 * kMiB},
    {"audio", "audio/amr", 16 * kMiB},
    {"audio", "audio/mpeg", 16 * kMiB},
    {"audio", "audio/mp4", 16 * kMiB},
    {"audio", "audio/ogg", 16 * kMiB},
    {"image", "image/jpeg", 5 * kMiB},
    {"image", "image/png", 5 * kMiB},
    {"video", "video/mp4", 16 * kMiB},
    {"video", "video/3gpp", 16 * kMiB},
    {"sticker", "image/webp", 500 * 1024},
    {"document", "text/plain", 100 * kMiB},
    {"document", "text/csv", 100 * kMiB},
    {"document", "application/pdf", 100 * kMiB},
    {"document", "application/msword", 100 * kMiB},
    {"document", "application/vnd.ms-excel", 100 * kMiB},
    {"document", "application/vnd.ms-powerpoint", 100 * kMiB},
    {"document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", 100 * kMiB},
    {"document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 100 * kMiB},
    {"document", "application/vnd.openxmlformats-officedocument.presentationml.presentation", 100 * kMiB},
    // Pictures may also be sent as a file.
    {"document", "image/jpeg", 100 * kMiB},
    {"document", "image/png", 100 * kMiB},
}};

using rules::broken;
using rules::kBadValue;
using rules::kInvalid;
using rules::kMissing;

void checkPhone(const std::string& to) {
  std::size_t digits = 0;
  for (const char c : std::string_view(to).substr(to.starts_with('+') ? 1 : 0)) {
    if (c >= '0' && c <= '9')
      ++digits;
    else if (std::string_view(" -()").find(c) == std::string_view::npos)
      broken(kBadValue, "Param to: '" + to + "' is not a phone number");
  }
  if (!to.starts_with('+'))
    broken(kBadValue, "Param to: '" + to + "' has no '+': Meta would prepend the sender's own country code");
  if (digits < 7 || digits > 15)
    broken(kBadValue, "Param to: '" + to + "' must have 7..15 digits, got " + std::to_string(digits));
}

/// Two capitals, a dot, up to 128 letters and digits; parent ids have "ENT." before them.
void checkBsuid(const std::string& id) {
  const bool country = id.size() > 3 && id[0] >= 'A' && id[0] <= 'Z' && id[1] >= 'A' && id[1] <= 'Z' && id[2] == '.';
  std::string_view rest = country ? std::string_view(id).substr(3) : std::string_view();
  if (rest.starts_with("ENT.")) rest.remove_prefix(4);
  const bool plain = std::all_of(rest.begin(), rest.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (rest.empty() || rest.size() > 128 || !plain)
    broken(kBadValue, "Param recipient: '" + id + "' is not a business-scoped user id");
}

void checkRecipient(const Json& body) {
  const bool group = body.contains("recipient_type") && body["recipient_type"] == "group";
  if (body.contains("recipient_type") && !group && body["recipient_type"] != "individual")
    broken(kInvalid, "Param recipient_type must be individual or group");
  if (!body.contains("to") && !body.contains("recipient"))
    broken(kMissing, "The parameter to (or recipient) is required");
  if (body.contains("to")) {
    const std::string to = rules::text(body, "message", "to", 1, 200);
    if (!group) checkPhone(to);
  }
  if (body.contains("recipient")) checkBsuid(rules::text(body, "message", "recipient", 1, 200));
}

void checkMedia(const Json& body, const std::string& type, const MediaLookup& media) {
  const Json& content = rules::object(body, "message", type.c_str());
  if (type == "sticker")
    rules::onlyMembers(content, type, {"id", "link"});
  else if (type == "audio")
    rules::onlyMembers(content, type, {"id", "link", "voice"});
  else if (type == "document")
    rules::onlyMembers(content, type, {"id", "link", "caption", "filename"});
  else
    rules::onlyMembers(content, type, {"id", "link", "caption"});
  const std::string mime_type = rules::mediaReference(content, type, type, media);
  rules::optionalText(content, type, "caption", 0, 1024);
  rules::optionalText(content, type, "filename", 1, 240);
  rules::optionalTruth(content, type, "voice");
  if (content.value("voice", false) && !mime_type.empty() && !mime_type.starts_with("audio/ogg"))
    broken(kInvalid, "audio['voice'] needs an OGG file with the OPUS codec, got " + mime_type);
}

void checkCoordinate(const Json& location, const char* name, double limit) {
  const auto found = location.find(name);
  if (found == location.end()) broken(kMissing, std::string("The parameter location['") + name + "'] is required");
  double value = limit + 1;
  if (found->is_number()) {
    value = found->get<double>();
  } else if (found->is_string()) {
    const auto& digits = found->get_ref<const std::string&>();
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (problem != std::errc() || end != digits.data() + digits.size()) value = limit + 1;
  }
  if (!(value >= -limit && value <= limit))
    broken(kInvalid, std::string("Param location['") + name + "'] is not a coordinate");
}

void checkLocation(const Json& body) {
  const Json& location = rules::object(body, "message", "location");
  rules::onlyMembers(location, "location", {"latitude", "longitude", "name", "address"});
  checkCoordinate(location, "latitude", 90);
  checkCoordinate(location, "longitude", 180);
  rules::optionalText(location, "location", "name", 0, 1000);
  rules::optionalText(location, "location", "address", 0, 1000);
}

void checkContacts(const Json& body) {
  for (const Json& contact : rules::array(body, "message", "contacts", 1, 257)) {
    rules::onlyMembers(contact, "contacts", {"name", "phones", "emails", "addresses", "urls", "org", "birthday"});
    const Json& name = rules::object(contact, "contacts", "name");
    rules::text(name, "contacts.name", "formatted_name", 1, kNoLimit);
    if (name.size() < 2) broken(kMissing, "contacts.name needs one more part beside formatted_name");
    for (const char* list : {"phones", "emails", "addresses", "urls"})
      if (contact.contains(list)) rules::array(contact, "contacts", list, 1, 100);
  }
}

void checkReaction(const Json& body) {
  const Json& reaction = rules::object(body, "message", "reaction");
  rules::onlyMembers(reaction, "reaction", {"message_id", "emoji"});
  rules::text(reaction, "reaction", "message_id", 1, 1000);
  rules::text(reaction, "reaction", "emoji", 0, 20);  // empty removes it
  if (body.contains("context")) broken(kInvalid, "context cannot be used with a reaction");
}

void checkContent(const Json& body, const std::string& type, const MediaLookup& media) {
  if (type == "text") {
    const Json& content = rules::object(body, "message", "text");
    rules::onlyMembers(content, "text", {"body", "preview_url"});
    rules::text(content, "text", "body", 1, 4096);
    rules::optionalTruth(content, "text", "preview_url");
  } else if (type == "image" || type == "video" || type == "audio" || type == "document" || type == "sticker") {
    checkMedia(body, type, media);
  } else if (type == "location") {
    checkLocation(body);
  } else if (type == "contacts") {
    checkContacts(body);
  } else if (type == "reaction") {
    checkReaction(body);
  } else if (type == "interactive") {
    rules::interactive(body, media);
  } else if (type == "template") {
    rules::messageTemplate(body, media);
  } else {
    broken(131051, "Param type: '" + type + "' is not a message type");
  }
}

void checkProduct(const Json& body) {
  if (!body.is_object()) broken(kInvalid, "The body must be a JSON object");
  if (!body.contains("messaging_product") || body["messaging_product"] != "whatsapp")
    broken(kInvalid, "The parameter messaging_product is required and must be whatsapp");
}

}  // namespace

std::size_t mediaLimit(std::string_view kind, std::string_view mime_type) {
  const std::string plain = lowerAscii(trim(mime_type.substr(0, mime_type.find(';'))));
  std::size_t limit = 0;
  for (const MediaRule& rule : kMedia)
    if ((kind.empty() || kind == rule.kind) && plain == rule.mime_type) limit = std::max(limit, rule.limit);
  return limit;
}

std::optional<RuleBroken> checkMessage(const Json& body, const MediaLookup& media) {
  try {
    checkProduct(body);
    const std::string type = rules::text(body, "message", "type", 1, 100);
    rules::onlyMembers(body, "message",
                       {"messaging_product", "recipient_type", "to", "recipient", "type", "context",
                        "biz_opaque_callback_data", "recipient_identity_key_hash", type});
    checkRecipient(body);
    if (body.contains("context")) {
      const Json& context = rules::object(body, "message", "context");
      rules::onlyMembers(context, "context", {"message_id"});
      rules::text(context, "context", "message_id", 1, 1000);
    }
    rules::optionalText(body, "message", "biz_opaque_callback_data", 0, 512);
    rules::optionalText(body, "message", "recipient_identity_key_hash", 1, 100);
    checkContent(body, type, media);
  } catch (const RuleBroken& rule) {
    return rule;
  }
  return std::nullopt;
}

std::optional<RuleBroken> checkReadReceipt(const Json& body) {
  try {
    checkProduct(body);
    rules::onlyMembers(body, "message", {"messaging_product", "status", "message_id", "typing_indicator"});
    if (body["status"] != "read") broken(kBadValue, "Param status must be read");
    if (!rules::text(body, "message", "message_id", 1, 1000).starts_with("wamid."))
      broken(kBadValue, "Param message_id is not the id of a message");
    if (body.contains("typing_indicator")) {
      const Json& typing = rules::object(body, "message", "typing_indicator");
      rules::onlyMembers(typing, "typing_indicator", {"type"});
      if (rules::text(typing, "typing_indicator", "type", 1, 20) != "text")
        broken(kBadValue, "Param typing_indicator['type'] must be text");
    }
  } catch (const RuleBroken& rule) {
    return rule;
  }
  return std::nullopt;
}

}  // namespace patchbay::simulators::whatsapp
