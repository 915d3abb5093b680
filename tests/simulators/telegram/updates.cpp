/// What users do, as updates.
#include <array>

#include "base/crypto.hpp"
#include "base/time.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/telegram/simulator_impl.hpp"

namespace patchbay::simulators::telegram {
namespace {

constexpr std::array<std::string_view, 8> kFileKinds{"photo",     "document", "video",      "audio",
                                                     "animation", "voice",    "video_note", "sticker"};

std::int64_t unixNow() {
  return std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
}

Json objectOr(const Json& event, const char* name, Json otherwise) {
  if (!event.contains(name)) return otherwise;
  if (!event[name].is_object()) throw BadInput("'" + std::string(name) + "' must be an object");
  return event[name];
}

Json privateChat(const Json& from) {
  Json chat{{"id", from.at("id")}, {"type", "private"}};
  for (const char* name : {"first_name", "last_name", "username"})
    if (from.contains(name)) chat[name] = from[name];
  return chat;
}

/// Stores the bytes and puts the content field into the message.
void attach(Bot& bot, Ids& ids, const Json& given, Json& message) {
  allowOnly(given, "file", {"kind", "content_base64", "mime_type", "file_name", "width", "height", "file_size"});
  const std::string kind = textOr(given, "kind", "document");
  if (std::find(kFileKinds.begin(), kFileKinds.end(), kind) == kFileKinds.end())
    throw BadInput(
        "file: 'kind' must be photo, document, video, audio, animation, voice, video_note or sticker, got '" + kind +
        "'");
  const auto bytes = crypto::base64Decode(textOr(given, "content_base64", ""));
  if (!bytes) throw BadInput("file: 'content_base64' is not base64");
  StoredFile file;
  file.bytes = *bytes;
  file.mime_type = textOr(given, "mime_type", "");
  file.filename = textOr(given, "file_name", "");
  file.unique_id = "AgAD" + ids.word(8);
  const std::string file_id = "AgACAgQAAx" + ids.word(30);
  file.path = kind + "s/file_" + std::to_string(bot.files.size()) + (kind == "photo" ? ".jpg" : ".bin");
  Json content{{"file_id", file_id},
               {"file_unique_id", file.unique_id},
               {"file_size", numberOr(given, "file_size", static_cast<long long>(file.bytes.size()))}};
  if (!file.mime_type.empty() && kind != "photo" && kind != "sticker") content["mime_type"] = file.mime_type;
  if (!file.filename.empty()) content["file_name"] = file.filename;
  if (kind == "photo" || kind == "sticker") {
    content["width"] = numberOr(given, "width", 1280);
    content["height"] = numberOr(given, "height", 960);
  }
  if (kind == "sticker") content.update({{"is_animated", false}, {"is_video", false}, {"emoji", "🚲"}});
  if (kind == "voice" || kind == "video" || kind == "audio") content["duration"] = 3;
  if (kind == "photo") {
    Json thumbnail = content;
    thumbnail.update({{"file_id", file_id + "s"}, {"width", 90}, {"height", 67}, {"file_size", 1253}});
    message["photo"] = {thumbnail, content};
  } else {
    message[kind] = content;
    if (kind == "animation") message["document"] = content;  // Telegram sets both
  }
  bot.files[file_id] = std::move(file);
}

/// Members of a message that the event gives, laid over the usual ones.
Json messageOf(Bot& bot, Ids& ids, const Json& event, const Json& from, const Json& chat) {
  const auto chat_id = chat.at("id").get<std::int64_t>();
  Json message{{"message_id", ++bot.last_message[chat_id]}, {"from", from}, {"chat", chat}, {"date", unixNow()}};
  if (event.contains("file")) attach(bot, ids, event["file"], message);
  const std::string text = textOr(event, "text", "");
  if (!text.empty()) message[event.contains("file") ? "caption" : "text"] = text;
  if (event.contains("reply_to"))
    message["reply_to_message"] = {
        {"message_id", numberOr(event, "reply_to", 0)}, {"chat", chat}, {"date", unixNow() - 60}};
  message.update(objectOr(event, "message", Json::object()));
  return message;
}

}  // namespace

Json TelegramSimulator::Impl::updateOf(Bot& bot, const Json& event) {
  if (event.contains("update")) return objectOr(event, "update", {});
  Json from = objectOr(event, "from", {{"id", 5550001}, {"first_name", "Ana"}});
  if (!from.contains("id") || !from["id"].is_number_integer()) throw BadInput("'from' needs 'id', a number");
  from["is_bot"] = false;
  const Json chat = objectOr(event, "chat", privateChat(from));
  if (!chat.contains("id") || !chat["id"].is_number_integer()) throw BadInput("'chat' needs 'id', a number");
  const auto chat_id = chat["id"].get<std::int64_t>();

  if (event.contains("edit")) {
    Json message{{"message_id", numberOr(event, "edit", 0)},
                 {"from", from},
                 {"chat", chat},
                 {"date", unixNow() - 60},
                 {"edit_date", unixNow()},
                 {"text", textOr(event, "text", "")}};
    message.update(objectOr(event, "message", Json::object()));
    return {{"edited_message", std::move(message)}};
  }
  if (event.contains("callback")) {
    const Json press = objectOr(event, "callback", {});
    allowOnly(press, "callback", {"message_id", "data"});
    const std::string id = ids.digits(18);
    bot.open_queries.insert(id);
    Json message{{"message_id", numberOr(press, "message_id", 0)},
                 {"chat", chat},
                 {"date", unixNow() - 60},
                 {"from", {{"id", bot.id}, {"is_bot", true}, {"username", bot.username}}}};
    for (const Json& one : sent)  // the keyboard comes along
      if (one["chat_id"] == chat_id && one["message_id"] == message["message_id"] &&
          one["message"].contains("reply_markup"))
        message["reply_markup"] = one["message"]["reply_markup"];
    return {{"callback_query",
             {{"id", id},
              {"from", from},
              {"message", message},
              {"chat_instance", ids.digits(18)},
              {"data", textOr(press, "data", "")}}}};
  }
  if (event.contains("reaction")) {
    const Json given = objectOr(event, "reaction", {});
    allowOnly(given, "reaction", {"message_id", "emoji", "old"});
    const auto list = [&](const char* name) {
      const std::string emoji = given.contains(name) && given[name].is_string() ? given[name].get<std::string>() : "";
      return emoji.empty() ? Json::array() : Json::array({{{"type", "emoji"}, {"emoji", emoji}}});
    };
    return {{"message_reaction",
             {{"chat", chat},
              {"message_id", numberOr(given, "message_id", 0)},
              {"user", from},
              {"date", unixNow()},
              {"old_reaction", list("old")},
              {"new_reaction", list("emoji")}}}};
  }
  if (event.contains("membership")) {
    const std::string status = textOr(event, "membership", "");
    bot.chats[chat_id].state = status == "kicked" ? (chat_id > 0 ? "blocked" : "kicked") : "";
    const Json me{{"id", bot.id}, {"is_bot", true}, {"username", bot.username}};
    return {{"my_chat_member",
             {{"chat", chat},
              {"from", from},
              {"date", unixNow()},
              {"old_chat_member", {{"user", me}, {"status", status == "member" ? "kicked" : "member"}}},
              {"new_chat_member", {{"user", me}, {"status", status}, {"until_date", 0}}}}}};
  }
  bot.chats[chat_id].state.clear();  // who writes can be written to
  return {{"message", messageOf(bot, ids, event, from, chat)}};
}

}  // namespace patchbay::simulators::telegram
