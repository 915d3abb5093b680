#include <set>

#include "inbox/message_batch.hpp"
#include "inbox/message_changes.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Address;
using connectors::Event;
using db::Params;
using db::Statement;

constexpr Statement kFindParts{"ingest.find_parts", R"sql(
  SELECT p.channel_name, p.provider_id, p.message_id
  FROM unnest($1::text[], $2::text[]) AS q (channel_name, provider_id)
  JOIN {tenant}.pb_message_parts p USING (channel_name, provider_id))sql"};

constexpr Statement kFindContacts{"ingest.find_contacts", R"sql(
  SELECT q.n, a.contact_id, c.name
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS q (kind, address, n)
  JOIN {tenant}.pb_contact_addresses a ON a.kind = q.kind AND a.address = q.address
  JOIN {tenant}.pb_contacts c ON c.id = a.contact_id)sql"};

// For each (channel, address, thread): its open conversation. Without a thread of its own it is the contact's, if the
// address has one; a thread of its own is found whoever writes in it.
constexpr Statement kFindConversations{"ingest.find_conversations", R"sql(
  SELECT q.n, v.id, v.thread_key
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS q (channel_name, kind, address, thread_key, n)
  LEFT JOIN {tenant}.pb_contact_addresses a ON a.kind = q.kind AND a.address = q.address
  JOIN {tenant}.inbox_conversations v ON v.channel_name = q.channel_name
    AND v.thread_key = coalesce(q.thread_key, 'contact:' || a.contact_id) AND v.status <> 'archived')sql"};

constexpr Statement kFindOpen{"ingest.find_open", R"sql(
  SELECT v.channel_name, v.thread_key, v.id
  FROM unnest($1::text[], $2::text[]) AS q (channel_name, thread_key)
  JOIN {tenant}.inbox_conversations v USING (channel_name, thread_key)
  WHERE v.status <> 'archived')sql"};

constexpr Statement kFindArchived{"ingest.find_archived", R"sql(
  SELECT DISTINCT ON (v.channel_name, v.thread_key) v.channel_name, v.thread_key, v.id
  FROM unnest($1::text[], $2::text[]) AS q (channel_name, thread_key)
  JOIN {tenant}.inbox_conversations v USING (channel_name, thread_key)
  WHERE v.status = 'archived'
  ORDER BY v.channel_name, v.thread_key, v.archived_at DESC NULLS LAST, v.id DESC)sql"};

constexpr Statement kMessageIds{
    "ingest.message_ids", "SELECT nextval('{tenant}.inbox_messages_id_seq'::regclass) FROM generate_series(1, $1)"};
constexpr Statement kContactIds{"ingest.contact_ids",
                                "SELECT nextval('{tenant}.pb_contacts_id_seq'::regclass) FROM generate_series(1, $1)"};
constexpr Statement kConversationIds{
    "ingest.conversation_ids",
    "SELECT nextval('{tenant}.inbox_conversations_id_seq'::regclass) FROM generate_series(1, $1)"};

}  // namespace

void MessageBatch::lookUp() {
  std::vector<std::string> channels, ids_asked, part_channels, part_ids, kinds, addresses, thread_channels,
      thread_kinds, thread_addresses, thread_keys;
  std::set<std::string> addresses_asked, threads_asked;
  for (const auto& arrival : arrivals_) {
    const Event& event = *arrival.event;
    const auto& channel = arrival.channel->settings().name;
    const std::string own = threadOf(event);
    channels.push_back(channel);
    ids_asked.push_back(event.id);
    part_channels.push_back(channel);
    part_ids.push_back(event.id);
    if (!event.reply_to.empty()) {
      part_channels.push_back(channel);
      part_ids.push_back(event.reply_to);
    }
    const auto ask = [&](const Address& address) {
      if (addresses_asked.insert(joined(address.kind, address.address)).second) {
        kinds.push_back(address.kind);
        addresses.push_back(address.address);
      }
      if (!threads_asked.insert(joined(channel, joined(address.kind, joined(address.address, own)))).second) return;
      thread_channels.push_back(channel);
      thread_kinds.push_back(address.kind);
      thread_addresses.push_back(address.address);
      thread_keys.push_back(own);
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
  queueParkedLookup(write_, channels, ids_asked);
  const auto rows = write_.flush();  // what was queued before comes first
  const std::size_t base = rows.size() - 5;

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
    auto& thread = threads_[joined(thread_channels[n], conversations.text(i, 2))];
    thread.id = conversations.int8(i, 1);
    thread.key = conversations.text(i, 2);
  }
  // What is left once repeats (of earlier batches and inside this one) are out.
  const auto& ids = rows[base + 3];
  for (const auto& arrival : arrivals_) {
    const std::string key = joined(arrival.channel->settings().name, arrival.event->id);
    const auto id = ids.int8(static_cast<int>(fresh_.size()), 0);
    const bool fresh = known_parts_.emplace(key, id).second;
    auto& stats = arrival.channel->stats();
    connectors::ChannelStats::add(fresh ? stats.messages : stats.duplicates);
    if (fresh) fresh_.push_back({&arrival, nullptr, nullptr, id});
  }
  const auto& parked = rows[base + 4];
  for (int i = 0; i < parked.size(); ++i) parked_.emplace_back(parked.text(i, 0), parked.text(i, 1));
}

/// Somebody writes for the first time, or in a thread that no address led to. Now that the people are known, so are the
/// keys of their threads: the contact may have an open conversation here under an address that this message did not
/// name (another channel of the batch did), or an archived one that the channel reopens.
void MessageBatch::findThreads() {
  std::vector<std::string> channels, keys, reopen_channels, reopen_keys;
  for (const Thread* thread : new_threads_) {
    if (thread->key.empty()) continue;  // of a new contact
    const auto& settings = thread->first->channel->settings();
    channels.push_back(settings.name);
    keys.push_back(thread->key);
    if (!settings.reopen) continue;
    reopen_channels.push_back(settings.name);
    reopen_keys.push_back(thread->key);
  }
  write_.queue(kContactIds, Params().int4(static_cast<std::int32_t>(new_people_.size())));
  // As many as may be needed, in the same round trip: numbers that no conversation gets are no loss.
  write_.queue(kConversationIds, Params().int4(static_cast<std::int32_t>(new_threads_.size())));
  if (!keys.empty()) write_.queue(kFindOpen, Params().textArray(channels).textArray(keys));
  if (!reopen_keys.empty()) write_.queue(kFindArchived, Params().textArray(reopen_channels).textArray(reopen_keys));
  const auto rows = write_.flush();
  auto answer = rows.end() - 2 - int{!keys.empty()} - int{!reopen_keys.empty()};
  for (std::size_t i = 0; i < new_people_.size(); ++i) new_people_[i]->id = answer->int8(static_cast<int>(i), 0);
  const auto& conversation_ids = *++answer;
  for (++answer; answer != rows.end(); ++answer) {
    for (int i = 0; i < answer->size(); ++i) {
      auto& thread = threads_.at(joined(answer->text(i, 0), answer->text(i, 1)));
      if (!thread.is_new) continue;  // it is open; what was archived before it stays archived
      thread.id = answer->int8(i, 2);
      thread.is_new = false;
    }
  }
  std::erase_if(new_threads_, [](const Thread* thread) { return !thread->is_new; });
  for (std::size_t i = 0; i < new_threads_.size(); ++i) {
    new_threads_[i]->id = conversation_ids.int8(static_cast<int>(i), 0);
    if (new_threads_[i]->key.empty()) new_threads_[i]->key = "contact:" + std::to_string(new_threads_[i]->person->id);
  }
}

}  // namespace patchbay::inbox
