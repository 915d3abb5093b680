// What providers say about a person beside their messages. Some say it with nearly every status, so what is known
// already costs one look-up and writes nothing.
#include "base/text.hpp"
#include "inbox/ingest_job.hpp"
#include "inbox/mail_threads.hpp"
#include "inbox/reply_window.hpp"
#include "mail/facts.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Address;
using connectors::Event;
using connectors::EventKind;
using db::Params;
using db::Statement;

constexpr std::size_t kContactNameLimit = 255;  // of a contact's name and of contact_identifier, in characters

constexpr Statement kFindContact{"change.find_contact", R"sql(
  SELECT q.n, a.contact_id, coalesce(c.name, '')
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS q (kind, address, n)
  JOIN {tenant}.pb_contact_addresses a ON a.kind = q.kind AND a.address = q.address
  JOIN {tenant}.pb_contacts c ON c.id = a.contact_id
  ORDER BY q.n)sql"};

constexpr Statement kAddAddress{"change.add_address", R"sql(
  INSERT INTO {tenant}.pb_contact_addresses (kind, address, contact_id, created_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING)sql"};

constexpr Statement kRename{"change.rename",
                            "UPDATE {tenant}.pb_contacts SET name = $2, updated_at = $3 WHERE id = $1"};

// The contact's own threads of every instance of the connector that answer to the old address.
constexpr Statement kMove{"change.move_conversations", R"sql(
  UPDATE {tenant}.inbox_conversations
  SET address_kind = $4, contact_identifier = $5, reply_window_hours = $6, updated_at = $8, version = version + 1
  WHERE contact_id = $1 AND address_kind = $2 AND contact_identifier = $3 AND connector = $7
    AND status <> 'archived' AND thread_key = 'contact:' || contact_id
  RETURNING id)sql"};

// Where the conversation began without a name. One that an agent has given it stays.
constexpr Statement kNameConversations{"change.name_conversations", R"sql(
  UPDATE {tenant}.inbox_conversations SET contact_name = $2, updated_at = $3, version = version + 1
  WHERE contact_id = $1 AND contact_name IS NULL AND status <> 'archived' RETURNING id)sql"};

constexpr Statement kOptOut{"change.opt_out", R"sql(
  UPDATE {tenant}.pb_contacts SET opted_out_at = $2, updated_at = $3
  WHERE id = $1 AND (opted_out_at IS NULL) = ($2::timestamptz IS NOT NULL))sql"};

constexpr Statement kOptOutAddress{"change.opt_out_address", R"sql(
  UPDATE {tenant}.pb_contact_addresses SET opted_out_at = $3 WHERE kind = $1 AND address = $2)sql"};

db::Rows find(db::TenantWrite& write, const std::vector<Address>& addresses) {
  std::vector<std::string> kinds, values;
  for (const auto& address : addresses) {
    kinds.push_back(address.kind);
    values.push_back(address.address);
  }
  return write.query(kFindContact, Params().textArray(kinds).textArray(values));
}

void contactUpdated(db::TenantWrite& write, std::int64_t contact, Json data) {
  data["contact_id"] = contact;
  write.event("contact.updated", {"contact", std::to_string(contact), {}}, dumpJson(data));
}

void conversationsUpdated(db::TenantWrite& write, std::int64_t contact, const db::Rows& rows, const char* changed) {
  for (int i = 0; i < rows.size(); ++i)
    write.event("conversation.updated", {"contact", std::to_string(contact), {}},
                dumpJson(Json{{"conversation_id", rows.int8(i, 0)}, {"changed", {changed}}}));
}

/// Answers follow the person to the new address. Other conversations have been answered under another of their
/// addresses, which still works.
void moveConversations(db::TenantWrite& write, const Arrival& change, std::int64_t contact) {
  const Address& from = change.event->contact;
  const Address& to = change.event->from.address;
  Params params;
  params.int8(contact).text(from.kind).text(firstCodePoints(from.address, kContactNameLimit));
  params.text(to.kind).text(firstCodePoints(to.address, kContactNameLimit));
  const auto window = replyWindowHours(*change.channel, to.kind);
  window ? params.int4(*window) : params.null();
  const auto moved = write.query(kMove, std::move(params.text(change.channel->manifest().id).timestamp(write.now())));
  conversationsUpdated(write, contact, moved, "contact_identifier");
}

/// Anybody can send a complaint. One that names no mail of ours, whose ids only its recipient has seen, is nobody's.
void ingestComplaint(db::TenantWrite& write, const Arrival& change) {
  Event opt_out = *change.event;
  opt_out.contact = {"email", recipientOfComplaint(write, change)};
  opt_out.mail = nullptr;
  if (!opt_out.contact.address.empty()) ingestConsent(write, {change.channel, &opt_out});
}

}  // namespace

std::int64_t findContact(db::TenantWrite& write, const std::vector<Address>& addresses) {
  const auto rows = find(write, addresses);
  return rows.empty() ? 0 : rows.int8(0, 1);
}

/// New addresses join the contact that an old one belongs to.
void ingestContact(db::TenantWrite& write, const Arrival& change) {
  const Event& event = *change.event;
  std::vector<Address> addresses;
  if (!event.contact.address.empty()) addresses.push_back(event.contact);
  if (!event.from.address.address.empty()) addresses.push_back(event.from.address);
  addresses.insert(addresses.end(), event.from.aliases.begin(), event.from.aliases.end());
  const auto known = find(write, addresses);
  if (known.empty()) return;  // nobody we know; their first message will bring the address
  const auto contact = known.int8(0, 1);
  bool changed = false;
  std::vector<bool> stored(addresses.size(), false);
  for (int i = 0; i < known.size(); ++i) stored[static_cast<std::size_t>(known.int8(i, 0) - 1)] = true;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (stored[i]) continue;
    write.queue(kAddAddress,
                Params().text(addresses[i].kind).text(addresses[i].address).int8(contact).timestamp(write.now()));
    changed = true;
  }
  const auto name = firstCodePoints(event.from.name, kContactNameLimit);
  if (!name.empty() && name != known.text(0, 2)) {
    write.queue(kRename, Params().int8(contact).text(name).timestamp(write.now()));
    conversationsUpdated(write, contact,
                         write.query(kNameConversations, Params().int8(contact).text(name).timestamp(write.now())),
                         "contact_name");
    changed = true;
  }
  if (!event.contact.address.empty() && !event.from.address.address.empty() && event.contact != event.from.address)
    moveConversations(write, change, contact);
  if (changed) contactUpdated(write, contact, Json::object());
}

void ingestConsent(db::TenantWrite& write, const Arrival& change) {
  if (change.event->mail && change.event->mail->report) return ingestComplaint(write, change);
  std::vector<Address> addresses{change.event->contact};
  if (!change.event->from.address.address.empty()) addresses.push_back(change.event->from.address);
  const auto contact = findContact(write, addresses);
  if (contact == 0 || !isNews(write, change)) return;
  const bool out = change.event->kind == EventKind::kOptOut;
  const auto changed =
      write.query(kOptOut, Params()
                               .int8(contact)
                               .optionalTimestamp(out ? std::optional(change.event->timestamp) : std::nullopt)
                               .timestamp(write.now()));
  // With a text it is about one category of messages (advertising): answers to what the person asks still go out, and
  // who takes that category again has not allowed the rest.
  if (change.event->text.empty())
    write.queue(kOptOutAddress, Params()
                                    .text(change.event->contact.kind)
                                    .text(change.event->contact.address)
                                    .optionalTimestamp(out ? std::optional(change.event->timestamp) : std::nullopt));
  if (changed.affected() > 0) contactUpdated(write, contact, {{"opted_out", out}});
}

}  // namespace patchbay::inbox
