// One tenant's batch of inbound messages, in three round trips at most and two as a rule:
//   1. look up what is known: provider ids, contacts, open conversations; draw message ids
//   2. only when somebody is new: archived conversations, ids for new contacts and conversations
//   3. write everything (sent together with the stream's events and COMMIT)
// The tenant's lock is held, so nothing that was looked up can change before it is written.
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.hpp"
#include "connectors/manifest.hpp"
#include "delivery/outbox.hpp"
#include "inbox/ingest_job.hpp"
#include "inbox/reply_window.hpp"
#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Address;
using connectors::Event;
using db::Params;
using db::Statement;

constexpr std::size_t kNameLimit = 255;     // of contact_name and contact_identifier, in characters
constexpr std::size_t kPreviewLimit = 100;  // of first_message and last_message, in code points

constexpr Statement kFindParts{"ingest.find_parts",
                               "SELECT p.channel_name, p.provider_id, p.message_id FROM unnest($1::text[], $2::text[]) "
                               "AS q (channel_name, provider_id) "
                               "JOIN {tenant}.pb_message_parts p USING (channel_name, provider_id)"};
constexpr Statement kFindContacts{
    "ingest.find_contacts",
    "SELECT q.n, a.contact_id, c.name FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS q (kind, address, n) "
    "JOIN {tenant}.pb_contact_addresses a ON a.kind = q.kind AND a.address = q.address "
    "JOIN {tenant}.pb_contacts c ON c.id = a.contact_id"};
// For each (channel, address, thread): its open conversation. Without a thread of its own it is the contact's.
constexpr Statement kFindConversations{
    "ingest.find_conversations",
    "SELECT q.n, v.id, v.status, v.thread_key FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) "
    "WITH ORDINALITY AS q (channel_name, kind, address, thread_key, n) "
    "JOIN {tenant}.pb_contact_addresses a ON a.kind = q.kind AND a.address = q.address "
    "JOIN {tenant}.inbox_conversations v ON v.channel_name = q.channel_name "
    "AND v.thread_key = coalesce(q.thread_key, 'contact:' || a.contact_id) AND v.status <> 'archived'"};
constexpr Statement kMessageIds{
    "ingest.message_ids", "SELECT nextval('{tenant}.inbox_messages_id_seq'::regclass) FROM generate_series(1, $1)"};
constexpr Statement kContactIds{"ingest.contact_ids",
                                "SELECT nextval('{tenant}.pb_contacts_id_seq'::regclass) FROM generate_series(1, $1)"};
constexpr Statement kConversationIds{
    "ingest.conversation_ids",
    "SELECT nextval('{tenant}.inbox_conversations_id_seq'::regclass) FROM generate_series(1, $1)"};
constexpr Statement kFindArchived{
    "ingest.find_archived",
    "SELECT DISTINCT ON (v.channel_name, v.thread_key) v.channel_name, v.thread_key, v.id "
    "FROM unnest($1::text[], $2::text[]) AS q (channel_name, thread_key) "
    "JOIN {tenant}.inbox_conversations v USING (channel_name, thread_key) WHERE v.status = 'archived' "
    "ORDER BY v.channel_name, v.thread_key, v.archived_at DESC NULLS LAST"};

constexpr Statement kInsertContacts{
    "ingest.insert_contacts",
    "INSERT INTO {tenant}.pb_contacts (id, name, created_at, updated_at) "
    "SELECT q.id, q.name, $1, $1 FROM unnest($2::bigint[], $3::text[]) AS q (id, name)"};
constexpr Statement kRenameContacts{"ingest.rename_contacts",
                                    "UPDATE {tenant}.pb_contacts c SET name = q.name, updated_at = $1 "
                                    "FROM unnest($2::bigint[], $3::text[]) AS q (id, name) WHERE c.id = q.id"};
constexpr Statement kInsertAddresses{
    "ingest.insert_addresses",
    "INSERT INTO {tenant}.pb_contact_addresses (kind, address, contact_id, created_at) "
    "SELECT q.kind, q.address, q.contact_id, $1 FROM unnest($2::text[], $3::text[], $4::bigint[]) AS q (kind, address, "
    "contact_id) "
    "ON CONFLICT DO NOTHING"};
constexpr Statement kInsertConversations{
    "ingest.insert_conversations",
    "INSERT INTO {tenant}.inbox_conversations (id, channel, connector, channel_name, contact_id, contact_name, "
    "contact_identifier, "
    "address_kind, thread_key, first_message, reply_window_hours, status, created_at, updated_at) "
    "SELECT q.*, 'new', $1, $1 FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], "
    "$8::text[], "
    "$9::text[], $10::text[], $11::text[], $12::int[]) AS q"};
constexpr Statement kTouchConversations{"ingest.touch_conversations",
                                        "UPDATE {tenant}.inbox_conversations v SET message_count = message_count + "
                                        "q.messages, unread_count = unread_count + q.unread, "
                                        "last_message = q.preview, last_message_at = $1, last_inbound_at = CASE WHEN "
                                        "q.unread > 0 THEN $1 ELSE last_inbound_at END, "
                                        "status = CASE WHEN q.unread = 0 THEN CASE status WHEN 'new' THEN 'replied' "
                                        "WHEN 'open' THEN 'replied' ELSE status END "
                                        "WHEN status IN ('replied', 'archived') THEN 'open' ELSE status END, "
                                        "archived_at = NULL, updated_at = $1, version = version + 1 "
                                        "FROM unnest($2::bigint[], $3::int[], $4::int[], $5::text[]) AS q (id, "
                                        "messages, unread, preview) WHERE v.id = q.id"};
constexpr Statement kInsertMessages{
    "ingest.insert_messages",
    "INSERT INTO {tenant}.inbox_messages (id, conversation_id, external_id, direction, type, content, status, "
    "channel_name, media, "
    "reply_to_id, sender, provider_timestamp, subject, extra, raw_type, status_updated_at, created_at) "
    "SELECT q.id, q.conversation_id, q.external_id, q.direction, q.type, q.content, "
    "CASE q.direction WHEN 'in' THEN 'delivered' ELSE 'sent' END, q.channel_name, coalesce(q.media, '[]'), "
    "q.reply_to_id, q.sender, "
    "q.provider_timestamp, q.subject, q.extra, q.raw_type, $1, $1 "
    "FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], "
    "$10::bigint[], "
    "$11::jsonb[], $12::timestamptz[], $13::text[], $14::jsonb[], $15::text[]) AS q (id, conversation_id, external_id, "
    "direction, type, "
    "content, channel_name, media, reply_to_id, sender, provider_timestamp, subject, extra, raw_type)"};
constexpr Statement kInsertParts{"ingest.insert_parts",
                                 "INSERT INTO {tenant}.pb_message_parts (channel_name, provider_id, message_id) "
                                 "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"};

/// A person in this batch: known to the database (id from there), or new (id drawn in round trip 2).
struct Person {
  std::int64_t id = 0;
  bool is_new = false;
  std::string name;
  bool renamed = false;
};

struct Thread {
  std::int64_t id = 0;
  bool is_new = false;
  Person* person = nullptr;
  const Arrival* first = nullptr;
  std::string key;
  int messages = 0;
  int unread = 0;
  std::string preview;
};

struct Fresh {  // a message that is not known yet
  const Arrival* arrival;
  Person* person = nullptr;
  Thread* thread = nullptr;
  std::int64_t id = 0;
};

std::string joined(std::string_view a, std::string_view b) {
  std::string key(a);
  key.push_back(
      '\x1f');    // text from outside is clean of control characters only by chance, but two parts cannot be confused:
  key.append(b);  // the first is a channel name or an address kind, which hold none
  return key;
}

std::string preview(const Event& event) {
  if (!event.text.empty()) return std::string(firstCodePoints(event.text, kPreviewLimit));
  return "[" + event.type + "]";
}

/// The media list as it is stored until the files have been fetched. Items that the host must fetch say "pending".
std::string mediaJson(const Event& event) {
  if (event.media.empty()) return {};
  Json list = Json::array();
  for (const auto& item : event.media)
    list.push_back({{"state", "pending"},
                    {"mime_type", item.mime_type.empty() ? Json() : Json(item.mime_type)},
                    {"filename", item.filename.empty() ? Json() : Json(item.filename)},
                    {"size", item.size < 0 ? Json() : Json(item.size)},
                    {"caption", item.caption.empty() ? Json() : Json(item.caption)},
                    {"url", Json()},
                    {"sha256", Json()}});
  return dumpJson(list);
}

void scheduleMedia(db::TenantWrite& write, const Fresh& message) {
  const Event& event = *message.arrival->event;
  for (std::size_t i = 0; i < event.media.size(); ++i) {
    const auto& item = event.media[i];
    const Json payload{{"message_id", message.id},
                       {"index", i},
                       {"url", item.url},
                       {"provider_id", item.provider_id},
                       {"mime_type", item.mime_type},
                       {"filename", item.filename},
                       {"sha256", item.sha256},
                       {"size", item.size},
                       {"caption", item.caption}};
    delivery::schedule(write, {"media", message.arrival->channel->settings().name, dumpJson(payload), write.now()});
  }
}

void appendString(std::string& out, std::string_view key, std::string_view value) {
  out.append(",\"").append(key).append("\":");
  out.append(dumpJson(Json(value)));
}

/// The data of message.received: enough for a client to show it without asking back.
std::string receivedJson(const Fresh& message, std::string_view direction) {
  const Event& event = *message.arrival->event;
  std::string out = "{\"conversation_id\":" + std::to_string(message.thread->id) +
                    ",\"message_id\":" + std::to_string(message.id) +
                    ",\"contact_id\":" + std::to_string(message.person->id);
  appendString(out, "direction", direction);
  appendString(out, "channel_name", message.arrival->channel->settings().name);
  appendString(out, "external_id", event.id);
  appendString(out, "type", event.type);
  appendString(out, "content", event.text);
  out.push_back('}');
  return out;
}

std::string senderJson(const Fresh& message) {
  std::string out = "{\"kind\":\"contact\",\"id\":\"" + std::to_string(message.person->id) + "\"";
  appendString(out, "name",
               message.person->name.empty() ? message.arrival->event->from.address.address : message.person->name);
  out.push_back('}');
  return out;
}

class Batch {
 public:
  Batch(db::TenantWrite& write, const std::vector<Arrival>& arrivals) : write_(write), arrivals_(arrivals) {}

  void run() {
    lookUp();
    if (fresh_.empty()) return;
    assignPeople();
    assignThreads();
    drawIds();
    writeContacts();
    writeConversations();
    writeMessages();
  }

 private:
  /// Round trip 1.
  void lookUp() {
    std::vector<std::string> part_channels, part_ids, kinds, addresses, thread_channels, thread_kinds, thread_addresses,
        thread_keys;
    std::map<std::string, std::size_t> address_index;
    const auto addAddress = [&](const Address& address) {
      if (!address_index.emplace(joined(address.kind, address.address), kinds.size()).second) return;
      kinds.push_back(address.kind);
      addresses.push_back(address.address);
    };
    std::set<std::string> threads_asked;
    for (const auto& arrival : arrivals_) {
      const Event& event = *arrival.event;
      const auto& channel = arrival.channel->settings().name;
      part_channels.push_back(channel);
      part_ids.push_back(event.id);
      if (!event.reply_to.empty()) {
        part_channels.push_back(channel);
        part_ids.push_back(event.reply_to);
      }
      addAddress(event.from.address);
      for (const auto& alias : event.from.aliases) addAddress(alias);
      const auto ask = [&](const Address& address) {
        if (!threads_asked.insert(joined(channel, joined(address.kind, joined(address.address, event.thread_key))))
                 .second)
          return;
        thread_channels.push_back(channel);
        thread_kinds.push_back(address.kind);
        thread_addresses.push_back(address.address);
        thread_keys.push_back(event.thread_key);
      };
      ask(event.from.address);
      for (const auto& alias : event.from.aliases) ask(alias);
    }
    write_.queue(kFindParts, Params().textArray(part_channels).textArray(part_ids));
    write_.queue(kFindContacts, Params().textArray(kinds).textArray(addresses));
    write_.queue(kFindConversations, Params()
                                         .textArray(thread_channels)
                                         .textArray(thread_kinds)
                                         .textArray(thread_addresses)
                                         .textOrNullArray(thread_keys));
    write_.queue(kMessageIds, Params().int4(static_cast<std::int32_t>(arrivals_.size())));
    const auto rows = write_.flush();
    const std::size_t base = rows.size() - 4;

    const auto& parts = rows[base];
    for (int i = 0; i < parts.size(); ++i) known_parts_[joined(parts.text(i, 0), parts.text(i, 1))] = parts.int8(i, 2);
    const auto& contacts = rows[base + 1];
    for (int i = 0; i < contacts.size(); ++i) {
      const auto n = static_cast<std::size_t>(contacts.int8(i, 0) - 1);
      auto& person = people_by_id_[contacts.int8(i, 1)];
      if (!person) person = newPerson({contacts.int8(i, 1), false, std::string(contacts.text(i, 2)), false});
      people_by_address_[joined(kinds[n], addresses[n])] = person;
    }
    const auto& conversations = rows[base + 2];
    for (int i = 0; i < conversations.size(); ++i) {
      const auto n = static_cast<std::size_t>(conversations.int8(i, 0) - 1);
      auto& thread = threads_[joined(thread_channels[n], conversations.text(i, 3))];
      thread.id = conversations.int8(i, 1);
      thread.key = conversations.text(i, 3);
    }
    // What is left once repeats (of earlier batches and inside this one) are out.
    const auto& ids = rows[base + 3];
    for (const auto& arrival : arrivals_) {
      const std::string key = joined(arrival.channel->settings().name, arrival.event->id);
      const auto id = ids.int8(static_cast<int>(fresh_.size()), 0);
      if (known_parts_.emplace(key, id).second) fresh_.push_back({&arrival, nullptr, nullptr, id});
    }
  }

  void assignPeople() {
    for (auto& message : fresh_) {
      const auto& sender = message.arrival->event->from;
      Person* person = knownPerson(sender);
      if (!person) {
        person = newPerson({0, true, {}, false});
        new_people_.push_back(person);
      }
      message.person = person;
      if (!sender.name.empty() && sender.name != person->name) {
        person->name = sender.name;
        person->renamed = !person->is_new;
      }
      remember(sender.address, person);
      for (const auto& alias : sender.aliases) remember(alias, person);
    }
  }

  /// By the address that was used, else by the first alias that is known. Two contacts that turn out to be one person
  /// stay two here: merging is a job of its own.
  Person* knownPerson(const connectors::Sender& sender) const {
    const auto find = [this](const Address& address) {
      const auto found = people_by_address_.find(joined(address.kind, address.address));
      return found == people_by_address_.end() ? nullptr : found->second;
    };
    if (Person* person = find(sender.address)) return person;
    for (const auto& alias : sender.aliases)
      if (Person* person = find(alias)) return person;
    return nullptr;
  }

  void remember(const Address& address, Person* person) {
    if (!people_by_address_.emplace(joined(address.kind, address.address), person).second) return;
    address_kinds_.push_back(address.kind);
    address_values_.push_back(address.address);
    address_people_.push_back(person);
  }

  void assignThreads() {
    for (auto& message : fresh_) {
      const Event& event = *message.arrival->event;
      const auto& channel = message.arrival->channel->settings().name;
      // A new contact has no number yet: until it has, the pointer tells its thread from others'.
      const std::string key = !event.thread_key.empty() ? event.thread_key
                              : message.person->is_new
                                  ? "new:" + std::to_string(reinterpret_cast<std::uintptr_t>(message.person))
                                  : "contact:" + std::to_string(message.person->id);
      auto& thread = threads_[joined(channel, key)];
      if (thread.id == 0 && !thread.first) {
        thread.is_new = true;
        thread.key = event.thread_key.empty() && message.person->is_new ? std::string() : key;
        new_threads_.push_back(&thread);
      }
      if (!thread.first) {
        thread.first = message.arrival;
        thread.person = message.person;
        touched_.push_back(&thread);
      }
      message.thread = &thread;
      ++thread.messages;
      if (!event.echo) ++thread.unread;
      thread.preview = preview(event);
    }
  }

  /// Round trip 2, only when somebody is new or has no open conversation.
  void drawIds() {
    if (new_threads_.empty() && new_people_.empty()) return;
    std::vector<std::string> channels, keys;
    for (const Thread* thread : new_threads_) {
      if (thread->key.empty() || !thread->first->channel->settings().reopen) continue;
      channels.push_back(thread->first->channel->settings().name);
      keys.push_back(thread->key);
    }
    write_.queue(kContactIds, Params().int4(static_cast<std::int32_t>(new_people_.size())));
    write_.queue(kFindArchived, Params().textArray(channels).textArray(keys));
    auto rows = write_.flush();
    for (std::size_t i = 0; i < new_people_.size(); ++i)
      new_people_[i]->id = rows[rows.size() - 2].int8(static_cast<int>(i), 0);
    const auto& archived = rows.back();
    for (int i = 0; i < archived.size(); ++i) {
      auto& thread = threads_.at(joined(archived.text(i, 0), archived.text(i, 1)));
      thread.id = archived.int8(i, 2);
      thread.is_new = false;  // reopened: touching it clears archived_at
    }
    std::erase_if(new_threads_, [](const Thread* thread) { return !thread->is_new; });
    if (new_threads_.empty()) return;
    const auto ids = write_.query(kConversationIds, Params().int4(static_cast<std::int32_t>(new_threads_.size())));
    for (std::size_t i = 0; i < new_threads_.size(); ++i) {
      new_threads_[i]->id = ids.int8(static_cast<int>(i), 0);
      if (new_threads_[i]->key.empty()) new_threads_[i]->key = "contact:" + std::to_string(new_threads_[i]->person->id);
    }
  }

  void writeContacts() {
    std::vector<std::int64_t> ids, renamed_ids, address_contacts;
    std::vector<std::string> names, renamed;
    for (const Person* person : new_people_) {
      ids.push_back(person->id);
      names.push_back(std::string(firstCodePoints(person->name, kNameLimit)));
      write_.event(
          "contact.created", actor(*person),
          dumpJson(Json{{"contact_id", person->id}, {"name", person->name.empty() ? Json() : Json(person->name)}}));
    }
    for (const auto& person : people_) {
      if (!person->renamed) continue;
      renamed_ids.push_back(person->id);
      renamed.push_back(std::string(firstCodePoints(person->name, kNameLimit)));
      write_.event("contact.updated", actor(*person),
                   dumpJson(Json{{"contact_id", person->id}, {"name", person->name}}));
    }
    for (const Person* person : address_people_) address_contacts.push_back(person->id);
    if (!ids.empty())
      write_.queue(kInsertContacts, Params().timestamp(write_.now()).int8Array(ids).textOrNullArray(names));
    if (!renamed_ids.empty())
      write_.queue(kRenameContacts, Params().timestamp(write_.now()).int8Array(renamed_ids).textArray(renamed));
    if (!address_contacts.empty())
      write_.queue(kInsertAddresses, Params()
                                         .timestamp(write_.now())
                                         .textArray(address_kinds_)
                                         .textArray(address_values_)
                                         .int8Array(address_contacts));
  }

  void writeConversations() {
    std::vector<std::int64_t> ids, contacts;
    std::vector<std::string> platforms, connectors, channels, names, identifiers, kinds, keys, firsts;
    std::vector<std::optional<std::int32_t>> windows;
    for (const Thread* thread : new_threads_) {
      const auto& channel = *thread->first->channel;
      const Event& event = *thread->first->event;
      ids.push_back(thread->id);
      contacts.push_back(thread->person->id);
      platforms.push_back(channel.manifest().platform);
      connectors.push_back(channel.manifest().id);
      channels.push_back(channel.settings().name);
      names.emplace_back(firstCodePoints(thread->person->name, kNameLimit));
      identifiers.emplace_back(firstCodePoints(event.from.address.address, kNameLimit));
      kinds.push_back(event.from.address.kind);
      keys.push_back(thread->key);
      firsts.push_back(preview(event));
      windows.push_back(replyWindowHours(channel, event.from.address.kind));
      write_.event("conversation.created", actor(*thread->person),
                   dumpJson(Json{{"conversation_id", thread->id},
                                 {"contact_id", thread->person->id},
                                 {"channel", channel.manifest().platform},
                                 {"channel_name", channel.settings().name}}));
    }
    if (!ids.empty())
      write_.queue(kInsertConversations, Params()
                                             .timestamp(write_.now())
                                             .int8Array(ids)
                                             .textArray(platforms)
                                             .textArray(connectors)
                                             .textArray(channels)
                                             .int8Array(contacts)
                                             .textOrNullArray(names)
                                             .textArray(identifiers)
                                             .textArray(kinds)
                                             .textArray(keys)
                                             .textArray(firsts)
                                             .nullableInt4Array(windows));
    std::vector<std::int64_t> touched;
    std::vector<std::int32_t> messages, unread;
    std::vector<std::string> previews;
    for (const Thread* thread : touched_) {
      touched.push_back(thread->id);
      messages.push_back(thread->messages);
      unread.push_back(thread->unread);
      previews.push_back(thread->preview);
    }
    write_.queue(
        kTouchConversations,
        Params().timestamp(write_.now()).int8Array(touched).int4Array(messages).int4Array(unread).textArray(previews));
  }

  void writeMessages() {
    std::vector<std::int64_t> ids, conversations;
    std::vector<std::optional<std::int64_t>> replies;
    std::vector<std::string> external, directions, types, contents, channels, media, senders, subjects, extras,
        raw_types;
    std::vector<Timestamp> times;
    for (const auto& message : fresh_) {
      const Event& event = *message.arrival->event;
      const auto& channel = message.arrival->channel->settings().name;
      ids.push_back(message.id);
      conversations.push_back(message.thread->id);
      external.push_back(event.id);
      directions.emplace_back(event.echo ? "out" : "in");
      types.push_back(event.type);
      contents.push_back(event.text);
      channels.push_back(channel);
      media.push_back(mediaJson(event));
      const auto reply = known_parts_.find(joined(channel, event.reply_to));
      replies.push_back(event.reply_to.empty() || reply == known_parts_.end() ? std::nullopt
                                                                              : std::optional(reply->second));
      senders.push_back(event.echo ? R"({"kind":"user","id":null,"name":null})" : senderJson(message));
      times.push_back(event.timestamp);
      subjects.push_back(event.subject);
      extras.push_back(event.extra.empty() ? std::string() : cleanJson(event.extra));
      raw_types.push_back(event.raw_type);
      write_.event(event.echo ? "message.sent" : "message.received", actor(*message.person),
                   receivedJson(message, directions.back()));
      scheduleMedia(write_, message);
    }
    write_.queue(kInsertMessages, Params()
                                      .timestamp(write_.now())
                                      .int8Array(ids)
                                      .int8Array(conversations)
                                      .textArray(external)
                                      .textArray(directions)
                                      .textArray(types)
                                      .textOrNullArray(contents)
                                      .textArray(channels)
                                      .jsonbArray(media)
                                      .nullableInt8Array(replies)
                                      .jsonbArray(senders)
                                      .timestampArray(times)
                                      .textOrNullArray(subjects)
                                      .jsonbArray(extras)
                                      .textOrNullArray(raw_types));
    write_.queue(kInsertParts, Params().textArray(channels).textArray(external).int8Array(ids));
  }

  Person* newPerson(Person person) {
    people_.push_back(std::make_unique<Person>(std::move(person)));
    return people_.back().get();
  }

  static db::Actor actor(const Person& person) { return {"contact", std::to_string(person.id), person.name}; }

  db::TenantWrite& write_;
  const std::vector<Arrival>& arrivals_;
  std::vector<Fresh> fresh_;
  std::unordered_map<std::string, std::int64_t> known_parts_;  // (channel, provider id) -> message
  std::vector<std::unique_ptr<Person>> people_;
  std::unordered_map<std::int64_t, Person*> people_by_id_;
  std::unordered_map<std::string, Person*> people_by_address_;
  std::vector<Person*> new_people_;
  std::vector<std::string> address_kinds_, address_values_;  // addresses to be stored, with whose they are
  std::vector<Person*> address_people_;
  std::map<std::string, Thread> threads_;  // (channel, thread key); a map, since pointers into it are kept
  std::vector<Thread*> new_threads_, touched_;
};

}  // namespace

void ingestMessages(db::TenantWrite& write, const std::vector<Arrival>& messages) {
  Batch(write, messages).run();
}

}  // namespace patchbay::inbox
