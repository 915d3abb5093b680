#include "meta/plan.hpp"

#include <algorithm>
#include <patchbay/lenient.hpp>
#include <patchbay/split_text.hpp>
#include <set>
#include <utility>

namespace patchbay::meta {
namespace {

// Limits of both products, in UTF-16 units where they are of text.
constexpr std::size_t kMaxQuickReplies = 13;
constexpr std::size_t kMaxReplyTitle = 20;
constexpr std::size_t kMaxPayload = 1000;
constexpr std::size_t kMaxElements = 10;
constexpr std::size_t kMaxElementText = 80;
constexpr std::size_t kMaxButtonLabel = 20;
constexpr std::size_t kMaxButtons = 3;

std::size_t units(std::string_view text) {
  return textLength(text, TextUnit::kUtf16);
}

void limit(const std::string& what, std::string_view text, std::size_t most) {
  if (text.empty()) throw Refused{what + " is empty"};
  if (units(text) > most) throw Refused{what + " '" + std::string(text) + "' is longer than " + std::to_string(most)};
}

void addTexts(const Account& account, std::string_view text, std::vector<Part>& plan) {
  for (std::string& part : splitText(text, account.product->max_text, account.product->text_unit))
    plan.push_back({{{"text", std::move(part)}}});
}

Json quickReplies(const Json& replies) {
  if (replies.size() > kMaxQuickReplies)
    throw Refused{"a message has at most " + std::to_string(kMaxQuickReplies) + " quick replies, not " +
                  std::to_string(replies.size())};
  Json list = Json::array();
  for (const Json& reply : replies) {
    const std::string id = reply.at("id");
    const std::string title = reply.at("title");
    limit("the id of a quick reply", id, kMaxPayload);
    limit("the title of a quick reply", title, kMaxReplyTitle);
    list.push_back({{"content_type", "text"}, {"title", title}, {"payload", id}});
  }
  return list;
}

Json templated(Json payload) {
  return {{"attachment", {{"type", "template"}, {"payload", std::move(payload)}}}};
}

/// A menu as cards to swipe through, one per row, each with a button that chooses it.
void addMenu(const Json& list, std::vector<Part>& plan) {
  const std::string label = list.at("button");
  limit("the button of a list", label, kMaxButtonLabel);
  std::set<std::string> ids;
  Json elements = Json::array();
  for (const Json& section : list.at("sections"))
    for (const Json& row : section.at("rows")) {
      const std::string id = row.at("id");
      const std::string title = row.at("title");
      const std::string description = row.value("description", "");
      limit("the id of a row", id, kMaxPayload);
      limit("the title of a row", title, kMaxElementText);
      if (units(description) > kMaxElementText)
        throw Refused{"the description '" + description + "' is longer than " + std::to_string(kMaxElementText)};
      if (!ids.insert(id).second) throw Refused{"the id of a row '" + id + "' is there twice"};
      Json element = {{"title", title}, {"buttons", {{{"type", "postback"}, {"title", label}, {"payload", id}}}}};
      if (!description.empty()) element["subtitle"] = description;
      elements.push_back(std::move(element));
    }
  if (elements.empty() || elements.size() > kMaxElements)
    throw Refused{"a list has 1 to " + std::to_string(kMaxElements) + " rows in all sections together, not " +
                  std::to_string(elements.size())};
  plan.push_back({templated({{"template_type", "generic"}, {"elements", std::move(elements)}})});
}

/// One button of a card, as Meta describes it. Most kinds (calls, log-ins) exist in Messenger alone.
void checkButton(const Account& account, const Json& button) {
  const std::string type = textOf(button, "type");
  const bool plain = type == "web_url" || type == "postback";
  if (account.product->plain_buttons && !plain)
    throw Refused{std::string(account.product->name) + " has buttons of type web_url and postback, not '" + type + "'"};
  if (plain || button.contains("title")) limit("the title of a button", textOf(button, "title"), kMaxButtonLabel);
  if (type == "postback") limit("the payload of a button", textOf(button, "payload"), kMaxPayload);
}

void checkButtons(const Account& account, const Json& buttons, const char* where) {
  if (!buttons.is_array() || buttons.empty() || buttons.size() > kMaxButtons)
    throw Refused{std::string(where) + " has 1 to " + std::to_string(kMaxButtons) + " buttons"};
  for (const Json& button : buttons) {
    if (!button.is_object()) throw Refused{"a button is not an object"};
    checkButton(account, button);
  }
}

void checkCard(const Account& account, const Json& card) {
  if (!card.is_object()) throw Refused{"a component of the template 'generic' is not an object"};
  limit("the title of a card", textOf(card, "title"), kMaxElementText);
  if (const std::string subtitle = textOf(card, "subtitle"); !subtitle.empty())
    limit("the subtitle of a card", subtitle, kMaxElementText);
  if (card.contains("buttons")) checkButtons(account, card["buttons"], "a card of the template 'generic'");
}

/// The provider's own templates, by name: `generic` (its components are the elements) and `button` (one component: text
/// and buttons). They need no approval and no language.
void addTemplate(const Account& account, const Operation& operation, std::vector<Part>& plan) {
  const Json& source = operation.json().at("template");
  const std::string name = source.at("name");
  const Json components = source.value("components", Json::array());
  const auto whole = [&](const char* key) -> const Json& {
    if (components.size() != 1 || !components[0].is_object() || !components[0].contains(key))
      throw Refused{"the template '" + name + "' has one component, an object with '" + std::string(key) + "'"};
    return components[0].at(key);
  };
  if (name == "generic") {
    if (components.empty() || components.size() > kMaxElements)
      throw Refused{"the template 'generic' has 1 to " + std::to_string(kMaxElements) + " components, not " +
                    std::to_string(components.size())};
    for (const Json& card : components) checkCard(account, card);
    plan.push_back({templated({{"template_type", "generic"}, {"elements", components}})});
  } else if (name == "button") {
    const Json& buttons = whole("buttons");
    checkButtons(account, buttons, "the template 'button'");
    const Json& text = whole("text");
    if (!text.is_string()) throw Refused{"the text of the template 'button' is not a text"};
    limit("the text of the template 'button'", text.get_ref<const std::string&>(), 640);
    plan.push_back({templated({{"template_type", "button"}, {"text", text}, {"buttons", buttons}})});
  } else {
    throw Refused{"there are the templates 'generic' and 'button', not '" + name + "'"};
  }
}

Json attachmentByUrl(const std::string& type, const std::string& url) {
  if (!url.starts_with("https://")) throw Refused{"a file needs a blob or a public https address"};
  return {{"type", type}, {"payload", {{"url", url}, {"is_reusable", false}}}};
}

/// Every file is a message of its own, and text another: the two exclude each other. Several pictures by address go
/// together where the product takes that.
void addFiles(const Account& account, const Operation& operation, std::vector<Part>& plan) {
  const std::string type = attachmentType(operation.type());
  const std::vector<Media> files = operation.media();
  if (files.empty()) throw Refused{"a message of type " + operation.type() + " needs a file in 'media'"};
  const bool together = type == "image" && files.size() > 1 && account.product->max_images > 1 &&
                        std::all_of(files.begin(), files.end(), [](const Media& file) { return file.blob == 0; });
  Json group = Json::array();
  for (const Media& file : files) {
    if (together) {
      Json picture = attachmentByUrl(type, file.url);
      picture["payload"].erase("is_reusable");
      group.push_back(std::move(picture));
      if (group.size() == account.product->max_images)
        plan.push_back({{{"attachments", std::exchange(group, Json::array())}}});
    } else if (file.blob != 0) {
      plan.push_back({{{"attachment", {{"type", type}, {"payload", Json::object()}}}}, file});
    } else {
      plan.push_back({{{"attachment", attachmentByUrl(type, file.url)}}});
    }
  }
  if (!group.empty()) plan.push_back({{{"attachments", std::move(group)}}});
  for (const Media& file : files) addTexts(account, file.caption, plan);
}

}  // namespace

std::string attachmentType(const std::string& type) {
  return type == "document" ? "file" : type;
}

Json recipientOf(const Account& account, const Operation& operation) {
  const Address to = operation.to();
  if (to.kind == account.product->address_kind) return {{"id", to.address}};
  if (to.kind == "user_ref" && account.product == &kMessenger) return {{"user_ref", to.address}};
  throw Refused{std::string(account.product->name) + " reaches addresses of kind " + account.product->address_kind +
                ", not '" + to.kind + "'"};
}

std::vector<Part> planOf(const Account& account, const Operation& operation) {
  (void)recipientOf(account, operation);  // refuses before a file is uploaded for nothing
  std::vector<Part> plan;
  const std::string type = operation.type();
  const Json replies = operation.json().value("quick_replies", Json::array());
  const bool menu = operation.json().contains("list");
  if (!replies.empty() && menu) throw Refused{"a message has quick replies or a list, not both"};

  if (type == "image" || type == "video" || type == "audio" || type == "document")
    addFiles(account, operation, plan);
  else if (type != "template" && type != "text")
    throw Refused{std::string(account.product->name) + " has no message of type '" + type + "'"};
  addTexts(account, operation.body(), plan);
  if (type == "template") addTemplate(account, operation, plan);
  if (menu) addMenu(operation.json().at("list"), plan);
  if (plan.empty()) throw Refused{"the text is empty"};
  // They vanish when another message follows.
  if (!replies.empty()) plan.back().message["quick_replies"] = quickReplies(replies);
  return plan;
}

}  // namespace patchbay::meta
