#include "telegram_update.hpp"

#include <algorithm>
#include <patchbay/lenient.hpp>

#include "first_of.hpp"
#include "telegram_api.hpp"
#include "telegram_content.hpp"

namespace patchbay::telegram {
namespace {

/// Callback ids are Telegram's own, and have up to 20 digits.
constexpr std::size_t kMaxQueryId = 100;
constexpr std::size_t kMaxReactions = 50;                         // of one person; Telegram knows fewer
constexpr std::int64_t kMaxUpdateNumber = std::int64_t{1} << 53;  // beyond it a number is no count of updates

void readEdit(const Json& message, Time now, UpdateNews& news) {
  const Place place = placeOf(message);
  const auto number = wholeOf(message, "message_id");
  if (!number) throw Odd{"an edited message without message_id"};
  const auto text = editedText(message);
  if (place.type == "channel" || !text) return;
  const std::string name = std::to_string(place.chat) + ":" + std::to_string(*number);
  Event event = Event::edited(name, *text, timeOf(message, "edit_date", now));
  event.id = "edit:" + name + ":" + std::to_string(wholeOf(message, "edit_date").value_or(0));
  news.events.push_back(std::move(event));
}

/// What the button said: the message comes along, with its keyboard, unless it is too old.
std::string titleOf(const Json& message, const std::string& data) {
  for (const Json& row : itemsOf(memberOf(message, "reply_markup"), "inline_keyboard"))
    if (row.is_array())
      for (const Json& button : row)
        if (textOf(button, "callback_data") == data) return textOf(button, "text");
  return {};
}

void readQuery(const Json& query, Time now, UpdateNews& news) {
  const std::string id = textOf(query, "id");
  if (id.empty() || id.size() > kMaxQueryId) throw Odd{"a callback_query without id"};
  news.queries.push_back(id);
  const Json& message = memberOf(query, "message");
  if (!message.is_object()) return;  // of an inline message, which we never send
  const Place place = placeOf(message);
  if (place.type == "channel") return;
  const std::string data = textOf(query, "data");
  const std::string title = titleOf(message, data);
  // Who pressed it, not who wrote the message: that were we.
  Event event = Event::message("callback:" + id, personOf(memberOf(query, "from"), Json(), place), "selection", now);
  event.text = title.empty() ? data : title;
  event.selection = Selection{data, title};
  event.thread_key = place.thread_key;
  if (const auto number = wholeOf(message, "message_id"))
    event.reply_to = std::to_string(place.chat) + ":" + std::to_string(*number);
  news.events.push_back(std::move(event));
}

/// In a private chat: the person has blocked the bot, or lets it write again. In a group: whether we are still there.
void readMembership(const Json& change, Time now, UpdateNews& news) {
  const Place place = placeOf(change);
  const std::string status = textOf(memberOf(change, "new_chat_member"), "status");
  const std::string before = textOf(memberOf(change, "old_chat_member"), "status");
  const Time at = timeOf(change, "date", now);
  const Address contact{"telegram", std::to_string(place.chat)};
  if (place.type == "private") {
    if (status == "kicked") news.events.push_back(Event::optOut(contact, at));
    if (status == "member") news.events.push_back(Event::optIn(contact, at));
    return;
  }
  const bool out = status == "left" || status == "kicked";
  const bool was_out = before == "left" || before == "kicked";
  if (place.type == "channel" || out == was_out) return;
  const std::string where = "the group '" + place.title + "' (" + contact.address + ")";
  news.events.push_back(
      Event::accountNotice({out ? "recipient" : "account", "group_" + status,
                            out ? "The bot is not in " + where + " any more." : "The bot is now in " + where + "."},
                           at));
}

/// Both chats tell it: the group names the supergroup that it has become, the supergroup the group that it was.
std::optional<Event> readMove(const Json& message, Time now) {
  const auto to = wholeOf(message, "migrate_to_chat_id"), from = wholeOf(message, "migrate_from_chat_id");
  if (!to && !from) return std::nullopt;
  const std::int64_t here = placeOf(message).chat;
  return groupMoved(from.value_or(here), to.value_or(here), timeOf(message, "date", now));
}

std::string emojiOf(const Json& reaction) {
  const std::string type = textOf(reaction, "type");
  if (type == "emoji") return textOf(reaction, "emoji");
  return type == "paid" ? "⭐" : type;  // a picture of one's own has no character
}

/// All reactions of one person, before and after. The host keeps one of each person: the newest.
void readReaction(const Json& change, Time now, UpdateNews& news) {
  const Place place = placeOf(change);
  const auto number = wholeOf(change, "message_id");
  if (!number) throw Odd{"a message_reaction without message_id"};
  if (place.type == "channel") return;
  const auto before = firstOf(itemsOf(change, "old_reaction"), kMaxReactions);
  std::optional<std::string> emoji;
  for (const Json& reaction : firstOf(itemsOf(change, "new_reaction"), kMaxReactions))
    if (const std::string one = emojiOf(reaction); !one.empty())
      if (!emoji || std::find(before.begin(), before.end(), reaction) == before.end()) emoji = one;
  Event event = Event::reaction(std::to_string(place.chat) + ":" + std::to_string(*number),
                                personOf(memberOf(change, "user"), memberOf(change, "actor_chat"), place), emoji,
                                timeOf(change, "date", now));
  news.events.push_back(std::move(event));
}

void readNews(const Json& update, Time now, UpdateNews& news) {
  if (!update.is_object()) throw Odd{"an update that is not an object"};
  if (update.contains("message")) {
    const Json& message = update.at("message");
    if (auto moved = readMove(message, now)) return news.events.push_back(std::move(*moved));
    if (auto event = readMessage(message, now)) news.events.push_back(std::move(*event));
  } else if (update.contains("edited_message")) {
    readEdit(update.at("edited_message"), now, news);
  } else if (update.contains("callback_query")) {
    readQuery(update.at("callback_query"), now, news);
  } else if (update.contains("my_chat_member")) {
    readMembership(update.at("my_chat_member"), now, news);
  } else if (update.contains("message_reaction")) {
    readReaction(update.at("message_reaction"), now, news);
  }
  // Everything else, also what later versions bring, is not about a conversation of ours.
}

}  // namespace

void readUpdate(const Json& update, Time now, UpdateNews& news) {
  const std::size_t events = news.events.size();
  std::string why;
  try {
    return readNews(update, now, news);
  } catch (const Odd& odd) {
    why = odd.why;
  } catch (const std::exception& error) {
    why = error.what();
  }
  news.events.resize(events);
  news.events.push_back(unparsedUpdate(update, why, now));
}

Event unparsedUpdate(const Json& update, std::string_view why, Time now) {
  Event event = Event::unparsed(dumpJson(update), why, now);
  if (const auto number = updateNumber(update)) event.id = "update:" + std::to_string(*number);
  return event;
}

std::optional<std::int64_t> updateNumber(const Json& update) {
  const auto number = wholeOf(update, "update_id");
  return number && *number >= 0 && *number <= kMaxUpdateNumber ? number : std::nullopt;
}

}  // namespace patchbay::telegram
