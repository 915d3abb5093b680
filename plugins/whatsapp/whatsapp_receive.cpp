#include "whatsapp_receive.hpp"

#include <optional>
#include <patchbay/lenient.hpp>
#include <string>
#include <utility>

#include "whatsapp_content.hpp"
#include "whatsapp_errors.hpp"
#include "whatsapp_notices.hpp"
#include "whatsapp_person.hpp"

namespace patchbay::whatsapp {
namespace {

constexpr std::size_t kMaxEmoji = 64;  // event.schema.json

/// What cannot be understood, with why; thrown within one item, never out of it.
struct Unreadable {
  const char* why;
};

/// One POST being read.
class Reader {
 public:
  Reader(Time now, std::vector<Event>& events) : now_(now), events_(events) {}

  void change(const Json& change) {
    const std::string field = textOf(change, "field");
    const Json& value = memberOf(change, "value");
    account_ = textOf(memberOf(value, "metadata"), "phone_number_id");
    if (field == "messages" || field.empty()) {
      const bool with_messages = !itemsOf(value, "messages").empty();
      for (const Json& message : itemsOf(value, "messages")) guarded(message, [&] { readMessage(value, message); });
      for (const Json& status : itemsOf(value, "statuses")) guarded(status, [&] { readStatus(status); });
      // Beside messages, the errors say why one of them could not be shown; alone, they concern the account.
      if (!with_messages)
        for (const Json& error : itemsOf(value, "errors")) add(Event::accountNotice(eventErrorOf(error), now_));
    } else if (field == "smb_message_echoes") {
      for (const Json& echo : itemsOf(value, "message_echoes")) guarded(echo, [&] { readEcho(value, echo); });
    } else if (field == "user_id_update") {
      for (const Json& update : itemsOf(value, "user_id_update")) guarded(update, [&] { readUserIdUpdate(update); });
    } else {
      guarded(value, [&] {
        for (Event& event : readNotice(field, value, now_)) add(std::move(event));
      });
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
    event.account = account_;
    events_.push_back(std::move(event));
  }

  Time timeOf(const Json& item) const { return fromUnix(memberOf(item, "timestamp")).value_or(now_); }

  static std::string neededId(const Json& item, const char* key) {
    std::string id = textOf(item, key);
    if (id.empty()) throw Unreadable{"it has no id"};
    if (id.size() > kMaxId) throw Unreadable{"its id is longer than 512 bytes"};
    return id;
  }

  void readMessage(const Json& value, const Json& message) {
    std::string id = neededId(message, "id");
    const std::string type = textOf(message, "type");
    if (type == "system") return readSystem(message, std::move(id));
    if (type == "request_welcome") return;  // the chat was opened, nothing was written
    std::optional<Person> from = senderOf(value, message);
    if (!from) throw Unreadable{"neither 'from' nor 'from_user_id' names a sender"};
    readContentOf(value, message, std::move(id), type, *from, false);
  }

  /// `from` is us in an echo, and the customer is `to`.
  void readEcho(const Json& value, const Json& message) {
    std::string id = neededId(message, "id");
    const std::string to = textOf(message, "to");
    const std::string bsuid = textOf(message, "to_user_id");
    const Json& contact = contactOf(value, to, bsuid);
    std::optional<Person> customer = personOf(to, bsuid.empty() ? textOf(contact, "user_id") : bsuid, {});
    if (!customer) throw Unreadable{"neither 'to' nor 'to_user_id' names a customer"};
    customer->name = nameOf(contact);
    const std::string type = textOf(message, "type");
    if (type == "reaction") return;  // of ours: nothing that an agent has to see
    readContentOf(value, message, std::move(id), type, *customer, true);
  }

  void readContentOf(const Json& value, const Json& message, std::string id, const std::string& type,
                     const Person& person, bool echo) {
    const Time at = timeOf(message);
    if (type == "reaction") return readReaction(message, std::move(id), person, at);
    if (type == "edit" || type == "revoke") return readChangeOfMessage(message, std::move(id), type, person, at);

    Event event = Event::message(std::move(id), person, {}, at);
    event.echo = echo;
    event.thread_key = textOf(message, "group_id");
    if (!event.thread_key.empty()) event.thread_key.insert(0, "group:");
    if (event.thread_key.size() > kMaxId) throw Unreadable{"its group_id is longer than 512 bytes"};
    if (!readContent(message, type, event)) {
      event.type = "unsupported";
      if (event.raw_type.empty()) event.raw_type = type.empty() ? "missing" : type;
      event.raw = dumpJson(message);
      const auto& own = itemsOf(message, "errors");
      const auto& shared = itemsOf(value, "errors");
      if (!own.empty() || !shared.empty()) event.error = eventErrorOf(own.empty() ? shared.front() : own.front());
    }
    readReferral(memberOf(message, "referral"), event);
    readContext(memberOf(message, "context"), event);
    add(std::move(event));
  }

  void readReaction(const Json& message, std::string id, const Person& person, Time at) {
    const Json& reaction = memberOf(message, "reaction");
    const std::string emoji = textOf(reaction, "emoji");
    if (emoji.size() > kMaxEmoji) throw Unreadable{"its emoji is longer than 64 bytes"};
    // Taken back: without emoji, or with an empty one.
    Event event = Event::reaction(neededId(reaction, "message_id"), person,
                                  emoji.empty() ? std::nullopt : std::optional<std::string>(emoji), at);
    event.id = std::move(id);
    add(std::move(event));
  }

  void readChangeOfMessage(const Json& message, std::string id, const std::string& type, const Person& person,
                           Time at) {
    const Json& change = memberOf(message, type.c_str());
    std::string original = neededId(change, "original_message_id");
    Event event = Event::deleted(std::move(original), at);
    if (type == "edit") {
      const Json& now = memberOf(change, "message");
      event.kind = "edit";
      event.text = textOf(memberOf(now, "text"), "body");
      if (event.text.empty()) event.text = textOf(memberOf(now, textOf(now, "type").c_str()), "caption");
    }
    event.id = std::move(id);
    event.from = person;
    add(std::move(event));
  }

  void readSystem(const Json& message, std::string id) {
    const Json& system = memberOf(message, "system");
    const std::string type = textOf(system, "type");
    if (type != "user_changed_number" && type != "user_changed_user_id") return;
    // `from` is the old number; the new one is `wa_id`. The business-scoped id changes with it.
    const std::string previous = textOf(system, "previous_user_id");
    const auto known =
        personOf(textOf(message, "from"), previous.empty() ? textOf(message, "from_user_id") : previous, {});
    const std::string new_number = textOf(system, "wa_id");
    auto now = personOf(new_number.empty() ? textOf(message, "from") : new_number, textOf(system, "user_id"), {});
    if (!known || !now) throw Unreadable{"it does not name the old and the new address"};
    addContactChange(*known, std::move(*now), std::move(id), timeOf(message));
  }

  void readUserIdUpdate(const Json& update) {
    const Json& user_id = memberOf(update, "user_id");
    const auto known = personOf({}, textOf(user_id, "previous"), {});
    auto now = personOf(textOf(update, "wa_id"), textOf(user_id, "current"), {});
    if (!known || !now) throw Unreadable{"it does not name the previous and the current user_id"};
    addContactChange(*known, std::move(*now), {}, timeOf(update));
  }

  /// Every address, old and new, stays with the person.
  void addContactChange(const Person& known, Person now, std::string id, Time at) {
    const auto keep = [&now](const Address& address) {
      if (now.kind == address.kind && now.address == address.address) return;
      for (const Address& alias : now.aliases)
        if (alias == address) return;
      now.aliases.push_back(address);
    };
    keep({known.kind, known.address});
    for (const Address& alias : known.aliases) keep(alias);
    Event event = Event::contactChanged({known.kind, known.address}, std::move(now), at);
    event.id = std::move(id);
    add(std::move(event));
  }

  void readStatus(const Json& status) {
    std::string id = neededId(status, "id");
    std::string word = textOf(status, "status");
    if (word == "played") word = "read";  // a voice message, heard for the first time
    if (word != "sent" && word != "delivered" && word != "read" && word != "failed") return;  // deleted, warning, ...
    const Time at = timeOf(status);
    // Sent to a number, and here is the id of the person behind it: his answer may come without the number. (The
    // recipient of a group's message is the group.)
    if (word == "sent" && textOf(status, "recipient_type") != "group") {
      auto person = personOf(textOf(status, "recipient_id"), textOf(status, "recipient_user_id"), {});
      if (person && !person->aliases.empty()) {
        const Address known{person->kind, person->address};
        add(Event::contactChanged(known, std::move(*person), at));
      }
    }
    Event event = Event::statusOf(std::move(id), word, at);
    event.ref = textOf(status, "biz_opaque_callback_data");
    if (event.ref.size() > 100) event.ref.clear();  // not one of ours
    if (word == "failed") {
      const auto& errors = itemsOf(status, "errors");
      event.error = eventErrorOf(errors.empty() ? Json() : errors.front());
    }
    add(std::move(event));
  }

  Time now_;
  std::vector<Event>& events_;
  std::string account_;
};

}  // namespace

std::vector<Event> readWebhook(const Json& webhook, Time now) {
  std::vector<Event> events;
  Reader reader(now, events);
  for (const Json& entry : itemsOf(webhook, "entry"))
    for (const Json& change : itemsOf(entry, "changes")) reader.change(change);
  return events;
}

}  // namespace patchbay::whatsapp
