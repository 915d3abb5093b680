#include "meta/webhook.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <patchbay/lenient.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "meta/content.hpp"

namespace patchbay::meta {
namespace {

constexpr std::size_t kMaxAddress = 320;  // event.schema.json, as the next two
constexpr std::size_t kMaxEmoji = 64;
constexpr std::size_t kMaxRef = 100;
constexpr std::size_t kMaxDelivered = 1000;  // ids of delivery receipts in one webhook: a turn has 5000 events at most

/// What cannot be understood, with why; thrown within one item, never out of it.
struct Unreadable {
  const char* why;
};

/// FNV-1a: the same text, the same fingerprint, on every machine. Tells apart what one person did in one millisecond.
std::string fingerprint(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name;
  for (int shift = 60; shift >= 0; shift -= 4) name += kHex[(hash >> static_cast<unsigned>(shift)) & 0xFU];
  return name;
}

/// 8-4-4-4-12 hexadecimal digits: operation.ref of the host.
bool looksLikeUuid(std::string_view ref) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (ref.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < ref.size(); ++i) {
    const bool digit = (ref[i] >= '0' && ref[i] <= '9') || (ref[i] >= 'a' && ref[i] <= 'f');
    if (kShape[i] == '-' ? ref[i] != '-' : !digit) return false;
  }
  return true;
}

/// The word for a reaction, where it comes without the emoji itself.
std::string emojiOf(const Json& reaction) {
  std::string emoji = textOf(reaction, "emoji");
  if (!emoji.empty()) return emoji;
  struct Word {
    std::string_view word;
    const char* emoji;
  };
  constexpr std::array<Word, 7> kWords{{{"smile", "\U0001F606"},
                                        {"angry", "\U0001F620"},
                                        {"sad", "\U0001F622"},
                                        {"wow", "\U0001F62E"},
                                        {"love", "\u2764\uFE0F"},
                                        {"like", "\U0001F44D"},
                                        {"dislike", "\U0001F44E"}}};
  const std::string given = textOf(reaction, "reaction");
  for (const Word& word : kWords)
    if (given == word.word) return word.emoji;
  return given;
}

/// One POST being read.
class Reader {
 public:
  Reader(const Account& account, Time now, std::vector<Event>& events)
      : account_(account), now_(now), events_(events) {}

  void entry(const Json& entry) {
    page_ = textOf(entry, "id");
    sent_at_ = fromUnix(memberOf(entry, "time"));
    for (const char* list : {"messaging", "standby"}) {
      standby_ = std::string_view(list) == "standby";
      for (const Json& item : itemsOf(entry, list)) guarded(item, [&] { readItem(item); });
    }
  }

 private:
  template <class Body>
  void guarded(const Json& item, Body body) {
    try {
      body();
    } catch (const Unreadable& unreadable) {
      add(Event::unparsed(dumpJson(item), unreadable.why, now_));
    } catch (const Json::exception& error) {
      add(Event::unparsed(dumpJson(item), error.what(), now_));
    }
  }

  void add(Event event) {
    event.account = page_;
    // Another app owns the thread: agents must see that it is not theirs to answer.
    if (standby_ && event.kind == "message")
      event.raw_type = event.raw_type.empty() ? "standby" : "standby:" + event.raw_type;
    events_.push_back(std::move(event));
  }

  Time timeOf(const Json& item) const {
    return fromUnix(memberOf(item, "timestamp")).value_or(sent_at_.value_or(now_));
  }

  static std::string midOf(const Json& object) {
    std::string mid = textOf(object, "mid");
    if (mid.empty()) throw Unreadable{"it has no mid"};
    if (mid.size() > kMaxId) throw Unreadable{"its mid is longer than 512 bytes"};
    return mid;
  }

  Person personOf(const Json& item, const char* side) const {
    std::string id = textOf(memberOf(item, side), "id");
    if (id.empty()) throw Unreadable{"it does not say who wrote"};
    if (id.size() > kMaxAddress) throw Unreadable{"the id of its sender is longer than 320 bytes"};
    return {account_.product->address_kind, std::move(id)};
  }

  Address addressOf(const Json& item) const {
    Person person = personOf(item, "sender");
    return {person.kind, person.address};
  }

  /// An id for what has none: the same whenever the provider delivers it again.
  std::string madeId(const char* kind, const Json& item, const std::string& what) const {
    return std::string(kind) + ":" +
           fingerprint(page_ + "\n" + textOf(memberOf(item, "sender"), "id") + "\n" + textOf(item, "timestamp") + "\n" +
                       what);
  }

  void readItem(const Json& item) {
    if (!item.is_object()) throw Unreadable{"it is not an object"};
    // Exactly one of these says what happened; everything else is a kind that we do not map.
    if (item.contains("message")) return readMessage(item, item["message"]);
    if (item.contains("postback")) return readPostback(item, item["postback"]);
    if (item.contains("reaction")) return readReaction(item, item["reaction"]);
    if (item.contains("delivery")) return readDelivery(item, item["delivery"]);
    if (item.contains("read")) return readRead(item, item["read"]);
    if (item.contains("message_edit")) return readEdit(item, item["message_edit"]);
    if (item.contains("referral")) return readLink(item, item["referral"]);
    if (item.contains("optin")) return readOptin(item, item["optin"]);
    if (item.contains("policy_enforcement")) return readPolicy(item, item["policy_enforcement"]);
  }

  void readMessage(const Json& item, const Json& message) {
    std::string mid = midOf(message);
    const bool echo = flagOf(message, "is_echo");
    // In an echo the two sides are exchanged: the customer is who it went to.
    const Person customer = personOf(item, echo ? "recipient" : "sender");
    if (customer.address == page_) return;  // the account wrote to itself
    const Time at = timeOf(item);
    if (flagOf(message, "is_deleted")) {
      Event event = Event::deleted(std::move(mid), at);
      event.from = customer;
      return add(std::move(event));
    }
    Event event = Event::message(std::move(mid), customer, {}, at);
    event.echo = echo;
    if (echo) event.ref = refOf(message);
    readContent(message, event);
    add(std::move(event));
  }

  /// Of an echo: its metadata, where it may be the ref of a message of ours. The app's id may be configured wrongly, or
  /// be that of another app which sends with the same token; what looks like our refs is one then too, since the host
  /// takes it only for a message that it has.
  std::string refOf(const Json& message) const {
    std::string ref = textOf(message, "metadata");
    const std::string app = textOf(message, "app_id");
    const bool same_app = account_.app_id.empty() || app.empty() || app == account_.app_id;
    return ref.size() <= kMaxRef && (same_app || looksLikeUuid(ref)) ? ref : std::string();
  }

  void readPostback(const Json& item, const Json& postback) {
    if (!postback.is_object()) throw Unreadable{"its postback is not an object"};
    Selection chosen{textOf(postback, "payload"), textOf(postback, "title")};
    std::string id = textOf(postback, "mid");
    if (id.size() > kMaxId) throw Unreadable{"its mid is longer than 512 bytes"};
    if (id.empty()) id = madeId("postback", item, chosen.id + "\n" + chosen.title);
    Event event = Event::message(std::move(id), personOf(item, "sender"), "selection", timeOf(item));
    event.text = chosen.title;
    event.selection = std::move(chosen);
    event.raw_type = "postback";
    readReferral(memberOf(postback, "referral"), event);
    add(std::move(event));
  }

  /// A link or an advertisement was followed into the thread. It opens the window, as a message does.
  void readLink(const Json& item, const Json& referral) {
    if (!referral.is_object()) throw Unreadable{"its referral is not an object"};
    const std::string ref = textOf(referral, "ref");
    Event event = Event::message(madeId("referral", item, dumpJson(referral)), personOf(item, "sender"), "selection",
                                 timeOf(item));
    event.selection = Selection{ref, textOf(memberOf(referral, "ads_context_data"), "ad_title")};
    event.text = event.selection->title;
    event.raw_type = "referral";
    readReferral(referral, event);
    add(std::move(event));
  }

  void readReaction(const Json& item, const Json& reaction) {
    Person person = personOf(item, "sender");
    if (person.address == page_) return;  // ours, made elsewhere
    std::optional<std::string> emoji;
    if (textOf(reaction, "action") != "unreact") {
      emoji = emojiOf(reaction);
      if (emoji->empty()) throw Unreadable{"its reaction has no emoji"};
      if (emoji->size() > kMaxEmoji) throw Unreadable{"its emoji is longer than 64 bytes"};
    }
    add(Event::reaction(midOf(reaction), std::move(person), std::move(emoji), timeOf(item)));
  }

  /// Everything up to the watermark has been delivered. The ids come in some receipts, and need no comparing of clocks;
  /// those that are too many are covered by the watermark.
  void readDelivery(const Json& item, const Json& delivery) {
    Address contact = addressOf(item);
    const auto until = fromUnix(memberOf(delivery, "watermark"));
    if (!until) throw Unreadable{"its delivery has no watermark"};
    for (const Json& mid : itemsOf(delivery, "mids")) {
      if (!mid.is_string() || mid.get_ref<const std::string&>().empty()) continue;
      if (mid.get_ref<const std::string&>().size() > kMaxId || delivered_ >= kMaxDelivered) continue;
      ++delivered_;
      add(Event::statusOf(mid.get<std::string>(), "delivered", *until));
    }
    add(Event::watermark(std::move(contact), "delivered", *until));
  }

  /// Messenger names a time, Instagram one message.
  void readRead(const Json& item, const Json& read) {
    if (read.is_object() && read.contains("watermark")) {
      const auto until = fromUnix(read["watermark"]);
      if (!until) throw Unreadable{"its watermark is not a time"};
      return add(Event::watermark(addressOf(item), "read", *until));
    }
    add(Event::statusOf(midOf(read), "read", timeOf(item)));
  }

  /// The mid is that of the message; the number tells one edit from the next. Without a text it says nothing new, and
  /// must not erase what was written.
  void readEdit(const Json& item, const Json& edit) {
    std::string mid = midOf(edit);
    const Json& words = memberOf(edit, "text");
    if (!words.is_string()) throw Unreadable{"its edit has no text"};
    Event event = Event::edited(mid, words.get<std::string>(), timeOf(item));
    if (!textOf(memberOf(item, "sender"), "id").empty()) event.from = personOf(item, "sender");
    std::string id = std::move(mid) + "#" + textOf(edit, "num_edit");
    if (id.size() <= kMaxId) event.id = std::move(id);
    add(std::move(event));
  }

  /// From a plugin of a website there may be no id yet, only the reference that the website made.
  void readOptin(const Json& item, const Json& optin) {
    std::string reference = textOf(optin, "user_ref");
    if (reference.empty()) reference = textOf(memberOf(item, "sender"), "user_ref");
    const bool known = !textOf(memberOf(item, "sender"), "id").empty();
    if (!known && (reference.empty() || reference.size() > kMaxAddress))
      throw Unreadable{"it does not say who opted in"};
    const Address who = known ? addressOf(item) : Address{"user_ref", reference};
    const std::string type = textOf(optin, "type");
    if (type.empty()) addPluginClick(item, optin, who);
    Event event = Event::optIn(who, timeOf(item));
    event.text = textOf(optin, "ref");
    if (event.text.empty()) event.text = type;
    add(std::move(event));
  }

  /// A plugin was used. It opens the window, as a message does, and may be the first that we hear of somebody.
  void addPluginClick(const Json& item, const Json& optin, const Address& who) {
    Event event = Event::message(madeId("optin", item, who.address + "\n" + dumpJson(optin)), {who.kind, who.address},
                                 "selection", timeOf(item));
    event.selection = Selection{textOf(optin, "ref"), {}};
    event.raw_type = "optin";
    add(std::move(event));
  }

  void readPolicy(const Json& item, const Json& policy) {
    const std::string action = textOf(policy, "action");
    if (action.empty() || action == "unblock") return;
    std::string words = "policy enforcement: " + action;
    if (const std::string reason = textOf(policy, "reason"); !reason.empty()) words += ": " + reason;
    add(Event::accountNotice({"account", action, std::move(words)}, timeOf(item)));
  }

  const Account& account_;
  Time now_;
  std::vector<Event>& events_;
  std::string page_;
  std::optional<Time> sent_at_;
  bool standby_ = false;
  std::size_t delivered_ = 0;  // ids of delivery receipts so far
};

}  // namespace

std::vector<Event> readMessaging(const Account& account, const Json& webhook, Time now) {
  std::vector<Event> events;
  Reader reader(account, now, events);
  for (const Json& entry : itemsOf(webhook, "entry")) reader.entry(entry);
  return events;
}

}  // namespace patchbay::meta
