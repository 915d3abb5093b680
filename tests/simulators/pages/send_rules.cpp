#include "simulators/pages/send_rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "simulators/meta/wire.hpp"

namespace patchbay::simulators::pages {
namespace {

constexpr std::size_t kMaxMessengerText = 1999;  // "less than 2000 characters"
constexpr std::size_t kMaxInstagramBytes = 1000;

[[noreturn]] void broken(std::string details, int code = 100, int subcode = 0) {
  throw Refusal{code, subcode, std::move(details)};
}

void onlyMembers(const Json& object, const std::string& path, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) broken("Param " + path + " must be an object");
  for (const auto& [name, value] : object.items())
    if (std::find(known.begin(), known.end(), name) == known.end())
      broken("Invalid keys \"" + name + "\" were found in param \"" + path + "\"");
}

const Json& member(const Json& object, const std::string& path, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) broken("Param " + path + "[" + name + "] is required");
  return *found;
}

std::string text(const Json& object, const std::string& path, const char* name, std::size_t most) {
  const Json& value = member(object, path, name);
  if (!value.is_string()) broken("Param " + path + "[" + name + "] must be a string");
  std::string given = value.get<std::string>();
  if (given.empty() || meta::utf16Length(given) > most)
    broken("Length of param " + path + "[" + name + "] must be 1.." + std::to_string(most));
  return given;
}

void webAddress(const Json& object, const std::string& path, const char* name) {
  const std::string url = text(object, path, name, 8192);
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    broken("Param " + path + "[" + name + "] should represent a valid URL");
}

void checkButtons(const Account& account, const Json& buttons, const std::string& path) {
  if (!buttons.is_array() || buttons.empty() || buttons.size() > 3) broken(path + " must have 1..3 buttons", 105);
  for (const Json& button : buttons) {
    if (!button.is_object()) broken("Param " + path + " must hold objects");
    const std::string type = text(button, path, "type", 40);
    if (type == "web_url") {
      onlyMembers(button, path,
                  {"type", "url", "title", "webview_height_ratio", "messenger_extensions", "fallback_url"});
      webAddress(button, path, "url");
      if (button.contains("title")) (void)text(button, path, "title", 20);
    } else if (type == "postback") {
      onlyMembers(button, path, {"type", "title", "payload"});
      (void)text(button, path, "title", 20);
      (void)text(button, path, "payload", 1000);
    } else if (account.product == Product::kMessenger && type == "phone_number") {
      (void)text(button, path, "title", 20);
      if (!text(button, path, "payload", 40).starts_with('+')) broken("a phone_number must begin with +");
    } else if (account.product == Product::kMessenger && type == "account_link") {
      webAddress(button, path, "url");
    } else if (account.product != Product::kMessenger || type != "account_unlink") {
      broken("Param " + path + "[type] must be a known button type, got " + type);
    }
  }
}

void checkTemplate(const Account& account, const Json& payload) {
  const std::string path = "message[attachment][payload]";
  const std::string type = text(payload, path, "template_type", 40);
  if (type == "button") {
    onlyMembers(payload, path, {"template_type", "text", "buttons", "sharable"});
    (void)text(payload, path, "text", 640);
    return checkButtons(account, member(payload, path, "buttons"), path + "[buttons]");
  }
  if (type != "generic") broken("Template type " + type + " is not played");
  onlyMembers(payload, path, {"template_type", "elements", "sharable", "image_aspect_ratio"});
  const Json& elements = member(payload, path, "elements");
  if (!elements.is_array() || elements.empty() || elements.size() > 10)
    broken(path + "[elements] must have 1..10 elements", 105);
  for (const Json& element : elements) {
    onlyMembers(element, path + "[elements]", {"title", "subtitle", "image_url", "default_action", "buttons"});
    (void)text(element, path, "title", 80);
    if (element.contains("subtitle")) (void)text(element, path, "subtitle", 80);
    if (element.contains("image_url")) webAddress(element, path, "image_url");
    if (element.contains("buttons")) checkButtons(account, element["buttons"], path + "[buttons]");
  }
}

void checkAttachment(const Account& account, const Json& attachment, bool several,
                     const std::function<bool(const std::string&)>& known) {
  const std::string path = several ? "message[attachments]" : "message[attachment]";
  onlyMembers(attachment, path, {"type", "payload"});
  const std::string type = text(attachment, path, "type", 40);
  const bool instagram = account.product == Product::kInstagram;
  if (instagram && type == "like_heart" && !several) return;
  const Json& payload = member(attachment, path, "payload");
  if (!payload.is_object()) broken("Param " + path + "[payload] must be an object");
  if (instagram && type == "MEDIA_SHARE" && !several) return (void)text(payload, path, "id", 100);
  if (type == "template" && !several) return checkTemplate(account, payload);
  constexpr std::array<std::string_view, 4> kFiles{"image", "audio", "video", "file"};
  if (std::find(kFiles.begin(), kFiles.end(), type) == kFiles.end())
    broken("Param " + path + "[type] cannot be " + type);
  if (several && type != "image") broken("Several attachments must be images");
  onlyMembers(payload, path + "[payload]", {"url", "attachment_id", "is_reusable"});
  if (payload.contains("url") == payload.contains("attachment_id"))
    broken("Exactly one of url and attachment_id must be in " + path + "[payload]");
  if (payload.contains("url")) return webAddress(payload, path, "url");
  if (!payload["attachment_id"].is_string() || !known(payload["attachment_id"].get<std::string>()))
    broken("Invalid attachment id", 100, 2018074);
}

void checkQuickReplies(const Json& replies) {
  if (!replies.is_array() || replies.empty() || replies.size() > 13)
    broken("message[quick_replies] must have 1..13 replies", 105);
  for (const Json& reply : replies) {
    onlyMembers(reply, "message[quick_replies]", {"content_type", "title", "payload", "image_url"});
    const std::string type = text(reply, "message[quick_replies]", "content_type", 40);
    if (type == "user_phone_number" || type == "user_email") continue;
    if (type != "text") broken("message[quick_replies][content_type] cannot be " + type);
    (void)text(reply, "message[quick_replies]", "title", 20);
    (void)text(reply, "message[quick_replies]", "payload", 1000);
  }
}

void checkMessage(const Account& account, const Json& message, const std::function<bool(const std::string&)>& known) {
  onlyMembers(message, "message", {"text", "attachment", "attachments", "quick_replies", "metadata", "sticker_id"});
  const auto contents = static_cast<int>(message.contains("text")) + static_cast<int>(message.contains("attachment")) +
                        static_cast<int>(message.contains("attachments")) +
                        static_cast<int>(message.contains("sticker_id"));
  if (contents != 1) broken("Exactly one of text and attachment must be in message");
  if (message.contains("text")) {
    const std::string words = text(message, "message", "text", 100'000);
    if (account.product == Product::kMessenger && meta::utf16Length(words) > kMaxMessengerText)
      broken("Length of param message[text] must be less than or equal to 2000");
    if (account.product == Product::kInstagram && words.size() > kMaxInstagramBytes)
      broken("The message text must be at most 1000 bytes of UTF-8");
  }
  if (message.contains("attachment")) checkAttachment(account, message["attachment"], false, known);
  if (message.contains("attachments")) {
    const Json& list = message["attachments"];
    if (account.product != Product::kInstagram) broken("Invalid keys \"attachments\" were found in param \"message\"");
    if (!list.is_array() || list.empty() || list.size() > 10) broken("message[attachments] must have 1..10 images");
    for (const Json& attachment : list) checkAttachment(account, attachment, true, known);
  }
  if (message.contains("quick_replies")) checkQuickReplies(message["quick_replies"]);
  if (message.contains("metadata")) (void)text(message, "message", "metadata", 999);
}

void checkRecipient(const Account& account, const Json& body) {
  const Json& recipient = member(body, "", "recipient");
  onlyMembers(recipient, "recipient", {"id", "user_ref", "comment_id", "post_id", "notification_messages_token"});
  if (recipient.size() != 1) broken("Exactly one kind of recipient must be given");
  if (account.product == Product::kInstagram && recipient.contains("user_ref")) broken("user_ref is Messenger's");
  (void)text(recipient, "recipient", recipient.begin().key().c_str(), 400);
}

void checkAction(const Account& account, const Json& body) {
  onlyMembers(body, "body", {"recipient", "sender_action", "payload", "access_token"});
  const std::string action = text(body, "", "sender_action", 40);
  if (action == "react" || action == "unreact") {
    const Json& payload = member(body, "", "payload");
    onlyMembers(payload, "payload", {"message_id", "reaction"});
    (void)text(payload, "payload", "message_id", 512);
    if (action == "unreact") return;
    if (text(payload, "payload", "reaction", 16) != "love" && account.behindPage())
      broken("Param payload[reaction] must be one of {love}");
    return;
  }
  if (body.contains("payload")) broken("Invalid keys \"payload\" were found in param \"body\"");
  if (action != "typing_on" && action != "typing_off" && action != "mark_seen")
    broken("Param sender_action must be one of typing_on, typing_off, mark_seen, react, unreact; got " + action);
}

void checkType(const Account& account, const Json& body) {
  if (!body.contains("messaging_type")) {
    // Samples of Instagram's own login leave it out.
    if (account.product == Product::kMessenger) broken("Param messaging_type is required");
    return;
  }
  const std::string type = text(body, "", "messaging_type", 40);
  const std::string tag = body.contains("tag") ? text(body, "", "tag", 60) : "";
  if (type == "MESSAGE_TAG") {
    if (tag != "HUMAN_AGENT" && !(tag == "CUSTOMER_FEEDBACK" && account.product == Product::kMessenger))
      broken("The tag " + tag + " is not supported");
  } else if (type != "RESPONSE" && type != "UPDATE") {
    broken("Param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG; got " + type);
  } else if (!tag.empty()) {
    broken("A tag needs messaging_type MESSAGE_TAG");
  }
}

}  // namespace

std::optional<Refusal> checkSend(const Account& account, const Json& body,
                                 const std::function<bool(const std::string&)>& known_attachment) try {
  if (!body.is_object()) broken("The body must be an object");
  checkRecipient(account, body);
  if (body.contains("sender_action")) {
    if (body.contains("message")) broken("sender_action cannot go with a message");
    checkAction(account, body);
    return std::nullopt;
  }
  onlyMembers(
      body, "body",
      {"recipient", "messaging_type", "message", "tag", "reply_to", "notification_type", "persona_id", "access_token"});
  checkType(account, body);
  if (body.contains("reply_to")) {
    onlyMembers(body["reply_to"], "reply_to", {"mid"});
    (void)text(body["reply_to"], "reply_to", "mid", 512);
  }
  checkMessage(account, member(body, "", "message"), known_attachment);
  return std::nullopt;
} catch (const Refusal& refusal) {
  return refusal;
}

}  // namespace patchbay::simulators::pages
