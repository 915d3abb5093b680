#include "telegram_plan.hpp"

#include <algorithm>
#include <patchbay/lenient.hpp>
#include <patchbay/split_text.hpp>

namespace patchbay::telegram {
namespace {

std::string withoutParameters(const std::string& mime_type) {
  return mime_type.substr(0, mime_type.find(';'));
}

bool isAnyOf(const std::string& text, std::initializer_list<const char*> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

struct Method {
  const char* name;
  const char* field;
  bool caption = true;
};

/// Telegram shows a file as what the method says, and only some formats: others leave as documents, which take all.
Method methodOf(const std::string& type, const Media& file, std::uint64_t size) {
  constexpr Method kDocument{"sendDocument", "document"};
  const std::string mime = withoutParameters(file.mime_type);
  if (type == "sticker") return {"sendSticker", "sticker", false};
  if (type == "image") {
    if (mime == "image/gif") return {"sendAnimation", "animation"};
    return size > kMaxPhoto || mime == "image/webp" ? kDocument : Method{"sendPhoto", "photo"};
  }
  if (type == "audio") {
    if (file.voice && isAnyOf(mime, {"audio/ogg", "audio/mpeg", "audio/mp4", ""})) return {"sendVoice", "voice"};
    return isAnyOf(mime, {"audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/mp3", ""}) ? Method{"sendAudio", "audio"}
                                                                                      : kDocument;
  }
  if (type == "video") return isAnyOf(mime, {"video/mp4", ""}) ? Method{"sendVideo", "video"} : kDocument;
  return kDocument;
}

std::vector<Part> textParts(const Account& account, const std::string& text) {
  std::vector<Part> parts;
  for (std::string& piece : splitText(text, kMaxText, TextUnit::kUtf16)) {
    Part part{"sendMessage", {{"text", std::move(piece)}}};
    if (!account.link_preview) part.parameters["link_preview_options"] = {{"is_disabled", true}};
    parts.push_back(std::move(part));
  }
  return parts;
}

void append(std::vector<Part>& to, std::vector<Part> parts) {
  std::move(parts.begin(), parts.end(), std::back_inserter(to));
}

std::uint64_t sizeOf(const Operation& operation, std::size_t index) {
  const Json::array_t& items = itemsOf(operation.json(), "media");
  if (index >= items.size()) return 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(wholeOf(items[index], "size").value_or(0), 0));
}

/// A caption that is too long, or that cannot be, follows as a message of its own.
void addFile(const Account& account, const Operation& operation, const Media& file, std::size_t index,
             const std::string& caption, std::vector<Part>& parts) {
  const std::uint64_t size = sizeOf(operation, index);
  if (size > kMaxUpload && file.blob != 0)
    throw Refused{"a bot may upload at most " + std::to_string(kMaxUpload) + " bytes, this file has " +
                  std::to_string(size)};
  const Method method = methodOf(operation.type(), file, size);
  Part part{method.name, Json::object(), method.field};
  if (file.blob != 0) {
    part.upload = file;
  } else {
    const std::string& where = file.provider_id.empty() ? file.url : file.provider_id;
    if (where.empty()) throw Refused{"a file needs bytes, a URL or Telegram's file_id"};
    part.parameters[method.field] = where;
  }
  const bool fits = method.caption && textLength(caption, TextUnit::kUtf16) <= kMaxCaption;
  if (!caption.empty() && fits) part.parameters["caption"] = caption;
  parts.push_back(std::move(part));
  if (!caption.empty() && !fits) append(parts, textParts(account, caption));
}

std::vector<Part> fileParts(const Account& account, const Operation& operation) {
  const std::vector<Media> files = operation.media();
  if (files.empty()) throw Refused{"type '" + operation.type() + "' needs a file"};
  std::vector<Part> parts;
  std::string text = operation.body();
  if (!files.front().caption.empty() && !text.empty()) {
    parts = textParts(account, text);
    text.clear();
  }
  for (std::size_t i = 0; i < files.size(); ++i)
    addFile(account, operation, files[i], i, files[i].caption.empty() && i == 0 ? text : files[i].caption, parts);
  return parts;
}

Part placePart(const Operation& operation) {
  const Json& place = memberOf(operation.json(), "location");
  const auto latitude = numberOf(place, "latitude"), longitude = numberOf(place, "longitude");
  if (!latitude || !longitude) throw Refused{"type 'location' needs latitude and longitude"};
  Part part{"sendLocation", {{"latitude", *latitude}, {"longitude", *longitude}}};
  const std::string name = textOf(place, "name"), address = textOf(place, "address");
  if (name.empty() && address.empty()) return part;
  part.method = "sendVenue";  // it needs both
  part.parameters["title"] = name.empty() ? address : name;
  part.parameters["address"] = address.empty() ? name : address;
  return part;
}

std::vector<Part> cardParts(const Operation& operation) {
  std::vector<Part> parts;
  for (const Json& card : itemsOf(operation.json(), "contacts")) {
    const auto& phones = itemsOf(card, "phones");
    if (phones.empty() || !phones.front().is_string())
      throw Refused{"Telegram sends a contact by a phone number, and '" + textOf(card, "name") + "' has none"};
    parts.push_back({"sendContact", {{"phone_number", phones.front()}, {"first_name", textOf(card, "name")}}});
  }
  if (parts.empty()) throw Refused{"type 'contacts' needs at least one contact"};
  return parts;
}

Json button(const std::string& id, const std::string& title) {
  if (id.size() > kMaxCallbackData)
    throw Refused{"the id of a button may have " + std::to_string(kMaxCallbackData) + " bytes, '" + id + "' has " +
                  std::to_string(id.size())};
  return {{"text", title}, {"callback_data", id}};
}

/// One button a row: titles are long on small screens. Null when there are none.
Json keyboardOf(const Operation& operation) {
  Json rows = Json::array();
  // Json::array and not braces: of one Json in braces g++ makes a list, clang a copy.
  const auto add = [&rows](const Json& of) {
    rows.push_back(Json::array({button(textOf(of, "id"), textOf(of, "title"))}));
  };
  for (const Json& reply : itemsOf(operation.json(), "quick_replies")) add(reply);
  for (const Json& section : itemsOf(memberOf(operation.json(), "list"), "sections"))
    for (const Json& row : itemsOf(section, "rows")) add(row);
  return rows.empty() ? Json() : Json{{"inline_keyboard", std::move(rows)}};
}

std::vector<Part> contentOf(const Account& account, const Operation& operation) {
  const std::string type = operation.type();
  if (type == "text") {
    auto parts = textParts(account, operation.body());
    if (parts.empty()) throw Refused{"a text must not be empty"};
    return parts;
  }
  if (isAnyOf(type, {"image", "audio", "video", "document", "sticker"})) return fileParts(account, operation);
  std::vector<Part> parts;
  if (type == "location") parts.push_back(placePart(operation));
  if (type == "contacts") parts = cardParts(operation);
  if (parts.empty()) throw Refused{"Telegram has no message of type '" + type + "'"};
  if (!operation.body().empty()) append(parts, textParts(account, operation.body()));
  return parts;
}

}  // namespace

std::vector<Part> planOf(const Account& account, const Operation& operation) {
  auto parts = contentOf(account, operation);
  if (Json keyboard = keyboardOf(operation); !keyboard.is_null())
    parts.back().parameters["reply_markup"] = std::move(keyboard);
  if (const std::string quoted = operation.replyTo(); !quoted.empty())
    if (const auto name = readMessageName(quoted))  // a button's answer cannot be quoted: it is no message
      parts.front().parameters["reply_parameters"] = {{"message_id", name->message},
                                                      {"allow_sending_without_reply", true}};
  return parts;
}

Json targetOf(const Operation& operation) {
  const std::string key = textOf(memberOf(operation.json(), "thread"), "key");
  std::string address = operation.to().address;
  std::optional<std::int64_t> topic;
  if (constexpr std::string_view kGroup = "group:"; key.starts_with(kGroup)) {
    address = key.substr(kGroup.size());
    if (const auto name = readMessageName(address)) {  // "<chat>:<topic>" is written alike
      topic = name->message;
      address = name->chat;
    }
  }
  const auto chat = chatId(address);
  if (operation.to().kind != "telegram" || !chat)
    throw Refused{"'" + address + "' is no chat of Telegram's: a number, or a channel's @name"};
  Json target{{"chat_id", *chat}};
  if (topic) target["message_thread_id"] = *topic;
  return target;
}

HttpRequest requestOf(const Account& account, const Part& part, Json parameters) {
  for (const auto& [name, value] : part.parameters.items()) parameters[name] = value;
  if (!part.upload) return callOf(account, part.method, std::move(parameters));
  HttpRequest request = HttpRequest::post(urlOf(account, part.method));
  for (const auto& [name, value] : parameters.items())
    request.part(name, value.is_string() ? value.get<std::string>() : dumpJson(value));
  const Media& file = *part.upload;
  const std::string type = file.mime_type.empty() ? "application/octet-stream" : withoutParameters(file.mime_type);
  request.file(part.file_field, Blob{file.blob}, file.filename.empty() ? "file" : file.filename, type);
  request.timeout(std::chrono::minutes(2));
  return request;
}

}  // namespace patchbay::telegram
