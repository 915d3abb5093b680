#include "telegram_content.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <patchbay/lenient.hpp>
#include <string_view>

#include "telegram_api.hpp"
#include "telegram_entities.hpp"

namespace patchbay::telegram {
namespace {

/// What stands around the content of a message.
constexpr std::string_view kFrame[] = {"message_id",
                                       "message_thread_id",
                                       "direct_messages_topic",
                                       "from",
                                       "sender_chat",
                                       "sender_boost_count",
                                       "sender_business_bot",
                                       "date",
                                       "business_connection_id",
                                       "chat",
                                       "forward_origin",
                                       "is_topic_message",
                                       "is_automatic_forward",
                                       "reply_to_message",
                                       "external_reply",
                                       "quote",
                                       "reply_to_story",
                                       "reply_to_checklist_task_id",
                                       "via_bot",
                                       "edit_date",
                                       "has_protected_content",
                                       "is_from_offline",
                                       "is_paid_post",
                                       "media_group_id",
                                       "author_signature",
                                       "paid_star_count",
                                       "text",
                                       "entities",
                                       "link_preview_options",
                                       "effect_id",
                                       "caption",
                                       "caption_entities",
                                       "show_caption_above_media",
                                       "has_media_spoiler",
                                       "reply_markup"};

/// What Telegram itself says in a chat: no contact has written that.
constexpr std::string_view kService[] = {"new_chat_members",
                                         "new_chat_member",
                                         "left_chat_member",
                                         "new_chat_title",
                                         "new_chat_photo",
                                         "delete_chat_photo",
                                         "group_chat_created",
                                         "supergroup_chat_created",
                                         "channel_chat_created",
                                         "message_auto_delete_timer_changed",
                                         "migrate_to_chat_id",
                                         "migrate_from_chat_id",
                                         "pinned_message",
                                         "connected_website",
                                         "write_access_allowed",
                                         "boost_added",
                                         "chat_background_set",
                                         "forum_topic_created",
                                         "forum_topic_edited",
                                         "forum_topic_closed",
                                         "forum_topic_reopened",
                                         "general_forum_topic_hidden",
                                         "general_forum_topic_unhidden",
                                         "giveaway_created",
                                         "video_chat_scheduled",
                                         "video_chat_started",
                                         "video_chat_ended",
                                         "video_chat_participants_invited",
                                         "proximity_alert_triggered",
                                         "chat_shared",
                                         "users_shared",
                                         "chat_owner_left",
                                         "chat_owner_changed",
                                         "paid_message_price_changed",
                                         "direct_message_price_changed"};

template <std::size_t N>
bool isOneOf(std::string_view name, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

/// The file behind a content field. Without a file_id it cannot be fetched, and the message says only what it was.
std::optional<Media> fileOf(const Json& file, const char* otherwise_type) {
  Media media{.provider_id = textOf(file, "file_id")};
  if (media.provider_id.empty()) return std::nullopt;
  media.mime_type = textOf(file, "mime_type");
  if (media.mime_type.empty()) media.mime_type = otherwise_type;
  media.filename = textOf(file, "file_name");
  if (const auto size = wholeOf(file, "file_size"); size && *size >= 0) media.size = static_cast<std::uint64_t>(*size);
  return media;
}

const Json& largest(const Json& sizes) {
  static const Json kNone;
  const Json* best = &kNone;
  std::int64_t most = -1;
  if (sizes.is_array())
    for (const Json& size : sizes) {
      const auto width = std::clamp<std::int64_t>(wholeOf(size, "width").value_or(0), 0, 1'000'000);
      const auto height = std::clamp<std::int64_t>(wholeOf(size, "height").value_or(0), 0, 1'000'000);
      if (width * height <= most || textOf(size, "file_id").empty()) continue;
      most = width * height;
      best = &size;
    }
  return *best;
}

const char* stickerType(const Json& sticker) {
  if (flagOf(sticker, "is_animated")) return "application/x-tgsticker";
  return flagOf(sticker, "is_video") ? "video/webm" : "image/webp";
}

struct FileKind {
  const char* field;
  const char* type;       ///< of the event
  const char* mime_type;  ///< where Telegram does not say
  bool voice = false;
};
// For an animation the field `document` is set too: it comes first and counts once.
constexpr FileKind kFiles[] = {{"animation", "video", "video/mp4"},  {"video", "video", "video/mp4"},
                               {"video_note", "video", "video/mp4"}, {"voice", "audio", "audio/ogg", true},
                               {"audio", "audio", "audio/mpeg"},     {"document", "document", ""}};

void setFile(Event& event, const char* type, const char* raw_type, std::optional<Media> file) {
  event.type = file ? type : "unsupported";
  event.raw_type = raw_type;
  if (file) event.media.push_back(std::move(*file));
}

bool readFile(const Json& message, Event& event) {
  if (message.contains("photo")) {
    setFile(event, "image", "photo", fileOf(largest(message.at("photo")), "image/jpeg"));
    return true;
  }
  for (const FileKind& kind : kFiles) {
    if (!message.contains(kind.field)) continue;
    auto file = fileOf(message.at(kind.field), kind.mime_type);
    if (file) file->voice = kind.voice;
    setFile(event, kind.type, kind.field, std::move(file));
    return true;
  }
  if (!message.contains("sticker")) return false;
  const Json& sticker = message.at("sticker");
  setFile(event, "sticker", "sticker", fileOf(sticker, stickerType(sticker)));
  event.text = textOf(sticker, "emoji");
  return true;
}

/// A place that is no place (a latitude of 200) is shown as unsupported.
bool readPlace(const Json& message, Event& event) {
  const bool venue = message.contains("venue");
  if (!venue && !message.contains("location")) return false;
  const Json& source = venue ? memberOf(message.at("venue"), "location") : message.at("location");
  const auto latitude = numberOf(source, "latitude"), longitude = numberOf(source, "longitude");
  event.raw_type = venue ? "venue" : source.contains("live_period") ? "live_location" : "location";
  event.type = "unsupported";
  if (!latitude || !longitude || *latitude < -90 || *latitude > 90 || *longitude < -180 || *longitude > 180)
    return true;
  event.type = "location";
  event.location = Location{*latitude, *longitude};
  if (venue) {
    event.location->name = textOf(message.at("venue"), "title");
    event.location->address = textOf(message.at("venue"), "address");
  }
  return true;
}

std::string joined(const std::string& first, const std::string& last) {
  if (first.empty() || last.empty()) return first + last;
  return first + " " + last;
}

std::string phoneOf(const std::string& written) {
  std::string digits;
  std::copy_if(written.begin(), written.end(), std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  return digits.size() >= 7 && digits.size() <= 15 ? "+" + digits : std::string();
}

bool readCard(const Json& message, Event& event) {
  if (!message.contains("contact")) return false;
  const Json& card = message.at("contact");
  const std::string phone = textOf(card, "phone_number");
  event.type = "contacts";
  event.raw_type = "contact";
  Json shown = Json::object();
  if (std::string name = joined(textOf(card, "first_name"), textOf(card, "last_name")); !name.empty())
    shown["name"] = std::move(name);
  if (!phone.empty()) shown["phones"] = {phone};
  event.more["contacts"] = Json::array({std::move(shown)});
  // Somebody's card tells nothing of who sent it. One's own, shared here and not passed on, is one's number.
  const auto owner = wholeOf(card, "user_id");
  const auto sender = wholeOf(memberOf(message, "from"), "id");
  if (owner && owner == sender && !event.forwarded)
    if (std::string own = phoneOf(phone); !own.empty()) event.from->aliases.push_back({"phone", std::move(own)});
  return true;
}

/// What has no form of its own here is told in words.
void readRest(const Json& message, const std::string& what, Event& event) {
  event.type = "unsupported";
  event.raw_type = what;
  const Json& content = memberOf(message, what.c_str());
  std::string words;
  if (what == "poll") {
    words = textOf(content, "question");
    for (const Json& option : itemsOf(content, "options")) words += "\n- " + textOf(option, "text");
  } else if (what == "dice") {
    words = textOf(content, "emoji") + " " + std::to_string(wholeOf(content, "value").value_or(0));
  } else {
    words = textOf(content, "title");
  }
  event.text = "[" + what + "]" + (words.empty() ? "" : " " + words);
}

/// The first member that is not part of the frame; empty when there is none.
std::string contentField(const Json& message) {
  for (const auto& [name, value] : message.items())
    if (!isOneOf(name, kFrame) && !isOneOf(name, kService)) return name;
  return {};
}

bool isService(const Json& message) {
  return std::any_of(message.items().begin(), message.items().end(),
                     [](const auto& item) { return isOneOf(item.key(), kService); });
}

std::string replyTarget(const Json& message, const Place& place) {
  const Json& target = memberOf(message, "reply_to_message");
  const auto id = wholeOf(target, "message_id");
  // In a topic everything "replies" to the message that opened it.
  if (!id || target.contains("forum_topic_created")) return {};
  return messageName(place.chat, *id);
}

void readText(const Json& message, Event& event) {
  const bool caption = !message.contains("text");
  const std::string text = textOf(message, caption ? "caption" : "text");
  const Json& entities = memberOf(message, caption ? "caption_entities" : "entities");
  if (!text.empty()) event.text = readableText(text, entities);
  if (const std::string payload = startPayload(text, entities); !payload.empty())
    event.more["referral"] = {{"source", "link"}, {"id", payload}};
}

}  // namespace

Time timeOf(const Json& object, const char* key, Time otherwise) {
  const auto seconds = wholeOf(object, key);
  if (!seconds || *seconds <= 0) return otherwise;
  return fromUnix(*seconds).value_or(otherwise);
}

Place placeOf(const Json& message) {
  const Json& chat = memberOf(message, "chat");
  const auto id = wholeOf(chat, "id");
  if (!id) throw Odd{"a message without chat.id"};
  Place place{*id, textOf(chat, "type"), textOf(chat, "title"), {}};
  if (place.type == "private") return place;
  place.thread_key = "group:" + std::to_string(place.chat);
  const auto topic = wholeOf(message, "message_thread_id");
  if (topic && flagOf(message, "is_topic_message")) place.thread_key += ":" + std::to_string(*topic);
  return place;
}

Person personOf(const Json& user, const Json& sender_chat, const Place& place) {
  Person person{"telegram", {}};
  // Anonymous admins and linked channels: the user is then a stand-in of Telegram's that all of them share.
  if (const auto id = wholeOf(sender_chat, "id")) {
    person.address = std::to_string(*id);
    person.name = textOf(sender_chat, "title");
    return person;
  }
  const auto id = wholeOf(user, "id");
  if (!id && place.type != "private") throw Odd{"a message of nobody: neither from.id nor sender_chat.id"};
  person.address = std::to_string(place.type == "private" ? place.chat : *id);
  person.name = joined(textOf(user, "first_name"), textOf(user, "last_name"));
  if (person.name.find_first_not_of(" \t\r\n") == std::string::npos) person.name.clear();
  if (const std::string name = textOf(user, "username"); person.name.empty() && !name.empty()) person.name = "@" + name;
  return person;
}

std::optional<Event> readMessage(const Json& message, Time now) {
  const Place place = placeOf(message);
  if (place.type == "channel") return std::nullopt;
  const auto number = wholeOf(message, "message_id");
  if (!number) throw Odd{"a message without message_id"};
  const std::string what = contentField(message);
  const bool written = message.contains("text");
  if (what.empty() && !written && isService(message)) return std::nullopt;
  Event event = Event::message(messageName(place.chat, *number),
                               personOf(memberOf(message, "from"), memberOf(message, "sender_chat"), place), "text",
                               timeOf(message, "date", now));
  event.thread_key = place.thread_key;
  event.reply_to = replyTarget(message, place);
  event.forwarded = message.contains("forward_origin");
  if (const std::string album = textOf(message, "media_group_id"); !album.empty()) event.more["media_group_id"] = album;
  if (!written && !readFile(message, event) && !readPlace(message, event) && !readCard(message, event))
    readRest(message, what.empty() ? "empty" : what, event);
  readText(message, event);
  return event;
}

std::optional<std::string> editedText(const Json& message) {
  for (const auto& [text, entities] : {std::pair{"text", "entities"}, std::pair{"caption", "caption_entities"}})
    if (memberOf(message, text).is_string()) return readableText(textOf(message, text), memberOf(message, entities));
  // A caption that was taken away; but a live location moves on by edits, and has no text.
  for (const char* field : {"photo", "animation", "video", "audio", "document", "voice"})
    if (message.contains(field)) return std::string();
  return std::nullopt;
}

}  // namespace patchbay::telegram
