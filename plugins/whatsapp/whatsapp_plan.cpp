#include "whatsapp_plan.hpp"

#include <algorithm>
#include <patchbay/split_text.hpp>
#include <set>
#include <utility>

namespace patchbay::whatsapp {
namespace {

std::size_t units(std::string_view text) {
  return textLength(text, TextUnit::kUtf16);
}

Part textPart(const std::string& text) {
  Json content = {{"body", text}};
  if (text.find("https://") != std::string::npos || text.find("http://") != std::string::npos)
    content["preview_url"] = true;
  return {"text", {{"type", "text"}, {"text", std::move(content)}}};
}

void addTexts(std::string_view text, std::vector<Part>& plan) {
  for (const std::string& part : splitText(text, kMaxText, TextUnit::kUtf16)) plan.push_back(textPart(part));
}

void limit(const std::string& what, std::string_view text, std::size_t most) {
  if (text.empty()) throw Refused{what + " is empty"};
  if (units(text) > most) throw Refused{what + " '" + std::string(text) + "' is longer than " + std::to_string(most)};
}

/// Meta refuses the whole message for two equal ids or titles (131009).
void unique(const std::string& what, const std::string& value, std::set<std::string>& seen) {
  if (!seen.insert(value).second) throw Refused{what + " '" + value + "' is there twice"};
}

Json buttons(const Json& quick_replies) {
  if (quick_replies.size() > 3)
    throw Refused{"WhatsApp shows at most 3 quick replies, not " + std::to_string(quick_replies.size())};
  std::set<std::string> ids;
  std::set<std::string> titles;
  Json list = Json::array();
  for (const Json& reply : quick_replies) {
    const std::string id = reply.at("id");
    const std::string title = reply.at("title");
    limit("the id of a quick reply", id, 256);
    limit("the title of a quick reply", title, 20);
    unique("the id of a quick reply", id, ids);
    unique("the title of a quick reply", title, titles);
    list.push_back({{"type", "reply"}, {"reply", {{"id", id}, {"title", title}}}});
  }
  return {{"type", "button"}, {"action", {{"buttons", std::move(list)}}}};
}

Json menu(const Json& list) {
  const std::string label = list.at("button");
  limit("the button of a list", label, 20);
  const Json& groups = list.at("sections");
  if (groups.empty() || groups.size() > 10)
    throw Refused{"a list has 1 to 10 sections, not " + std::to_string(groups.size())};
  std::set<std::string> ids;
  std::size_t count = 0;
  Json sections = Json::array();
  for (const Json& group : groups) {
    const std::string heading = group.value("title", "");
    if (!heading.empty() || groups.size() > 1) limit("the title of a section", heading, 24);
    Json section = {{"rows", Json::array()}};
    if (!heading.empty()) section["title"] = heading;
    for (const Json& row : group.at("rows")) {
      const std::string id = row.at("id");
      const std::string title = row.at("title");
      const std::string description = row.value("description", "");
      limit("the id of a row", id, 200);
      limit("the title of a row", title, 24);
      unique("the id of a row", id, ids);
      if (units(description) > 72) throw Refused{"the description '" + description + "' is longer than 72"};
      Json entry = {{"id", id}, {"title", title}};
      if (!description.empty()) entry["description"] = description;
      section["rows"].push_back(std::move(entry));
      ++count;
    }
    sections.push_back(std::move(section));
  }
  if (count == 0 || count > 10)
    throw Refused{"a list has 1 to 10 rows in all sections together, not " + std::to_string(count)};
  return {{"type", "list"}, {"action", {{"button", label}, {"sections", std::move(sections)}}}};
}

/// The text with buttons or a menu under its last part.
void addInteractive(std::string_view text, Json interactive, std::vector<Part>& plan) {
  const std::vector<std::string> parts = splitText(text, kMaxCaption, TextUnit::kUtf16);
  if (parts.empty()) throw Refused{"quick replies and lists need a text above them"};
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) plan.push_back(textPart(parts[i]));
  interactive["body"] = {{"text", parts.back()}};
  plan.push_back({"interactive", {{"type", "interactive"}, {"interactive", std::move(interactive)}}});
}

void addFile(const std::string& type, const Media& media, std::string_view caption, std::vector<Part>& plan) {
  Json content = Json::object();
  if (media.blob == 0) {
    if (!media.url.starts_with("https://")) throw Refused{"a file needs a blob or a public https address"};
    content["link"] = media.url;  // exactly one of id and link
  }
  if (type == "document" && !media.filename.empty()) content["filename"] = media.filename;
  // As a voice message only this format goes; anything else would be refused, and arrives as a file instead.
  if (type == "audio" && media.voice && (media.mime_type.empty() || media.mime_type.starts_with("audio/ogg")))
    content["voice"] = true;
  if (!caption.empty()) content["caption"] = caption;
  Part part{type, {{"type", type}, {type, std::move(content)}}};
  if (media.blob != 0) part.file = media;
  plan.push_back(std::move(part));
}

/// Every file is a message of its own. The text goes with the first as its caption, where the type takes one; what does
/// not fit there follows as text.
void addFiles(const std::string& type, const Operation& operation, bool text_follows, std::vector<Part>& plan) {
  const std::vector<Media> files = operation.media();
  if (files.empty()) throw Refused{"a message of type " + type + " needs a file in 'media'"};
  const bool captions = type != "audio" && type != "sticker";
  bool first = true;
  for (const Media& file : files) {
    std::string text = file.caption;
    if (first && !text_follows && !operation.body().empty())
      text = operation.body() + (text.empty() ? "" : "\n" + text);
    first = false;
    std::string caption;
    if (captions)
      if (const auto parts = splitText(text, kMaxCaption, TextUnit::kUtf16); !parts.empty()) {
        caption = parts.front();
        text.erase(0, text.find(caption) + caption.size());
        text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
      }
    addFile(type, file, caption, plan);
    addTexts(text, plan);
  }
}

void addLocation(const Operation& operation, std::vector<Part>& plan) {
  const Json& place = operation.json().at("location");
  Json content = {{"latitude", place.at("latitude")}, {"longitude", place.at("longitude")}};
  for (const char* key : {"name", "address"})
    if (const std::string value = place.value(key, ""); !value.empty()) content[key] = value;
  plan.push_back({"location", {{"type", "location"}, {"location", std::move(content)}}});
}

constexpr std::size_t kMaxContacts = 257;

void addContacts(const Operation& operation, std::vector<Part>& plan) {
  Json cards = Json::array();
  const Json& contacts = operation.json().at("contacts");
  if (contacts.empty() || contacts.size() > kMaxContacts)
    throw Refused{"a message has 1 to " + std::to_string(kMaxContacts) + " contacts, not " +
                  std::to_string(contacts.size())};
  for (const Json& card : contacts) {
    const std::string name = card.at("name");
    // Besides formatted_name Meta wants one more part of the name.
    Json entry = {{"name", {{"formatted_name", name}, {"first_name", name}}}};
    for (const Json& phone : card.value("phones", Json::array())) entry["phones"].push_back({{"phone", phone}});
    for (const Json& email : card.value("emails", Json::array())) entry["emails"].push_back({{"email", email}});
    if (const std::string company = card.value("organisation", ""); !company.empty())
      entry["org"] = {{"company", company}};
    cards.push_back(std::move(entry));
  }
  plan.push_back({"contacts", {{"type", "contacts"}, {"contacts", std::move(cards)}}});
}

void addTemplate(const Operation& operation, std::vector<Part>& plan) {
  const Json& source = operation.json().at("template");
  Json content = {{"name", source.at("name")}, {"language", {{"code", source.at("language")}}}};
  // Left out when there are no variables: Meta refuses an empty list.
  if (const Json components = source.value("components", Json::array()); !components.empty())
    content["components"] = components;
  plan.push_back({"template", {{"type", "template"}, {"template", std::move(content)}}});
}

}  // namespace

void address(const Operation& operation, Json& body) {
  const Address to = operation.to();
  if (to.kind == "phone") {
    // Without '+' Meta may put our own country code in front, and a stranger gets the message.
    const bool digits = to.address.size() > 1 && to.address.find_first_not_of("0123456789", 1) == std::string::npos;
    if (!to.address.starts_with('+') || !digits)
      throw Refused{"the phone number '" + to.address + "' is not '+' and digits"};
    body["to"] = to.address;
  } else if (to.kind == "bsuid") {
    body["recipient"] = to.address;
  } else {
    throw Refused{"WhatsApp reaches addresses of kind phone and bsuid, not '" + to.kind + "'"};
  }
}

std::vector<Part> planOf(const Operation& operation) {
  Json ignored;
  address(operation, ignored);  // refuses before a file is uploaded for nothing
  std::vector<Part> plan;
  if (operation.kind() == "reaction") {
    const Json& emoji = operation.json().at("emoji");
    Json reaction = {{"message_id", operation.messageId()}, {"emoji", emoji.is_null() ? Json("") : emoji}};
    plan.push_back({"reaction", {{"type", "reaction"}, {"reaction", std::move(reaction)}}});
    return plan;
  }
  const std::string type = operation.type();
  const Json& json = operation.json();
  const Json replies = json.value("quick_replies", Json::array());
  const bool menu_below = json.contains("list");
  const bool interactive = !replies.empty() || menu_below;
  if (!replies.empty() && menu_below) throw Refused{"a message has quick replies or a list, not both"};

  if (type == "image" || type == "video" || type == "audio" || type == "document" || type == "sticker")
    addFiles(type, operation, interactive, plan);
  else if (type == "location")
    addLocation(operation, plan);
  else if (type == "contacts")
    addContacts(operation, plan);
  else if (type == "template")
    addTemplate(operation, plan);
  else if (type != "text")
    throw Refused{"WhatsApp has no message of type '" + type + "'"};
  else if (!interactive)
    addTexts(operation.body(), plan);
  if (interactive) addInteractive(operation.body(), menu_below ? menu(json.at("list")) : buttons(replies), plan);
  if (plan.empty()) throw Refused{"the text is empty"};
  return plan;
}

}  // namespace patchbay::whatsapp
