#include "inbox/mail_threads.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/uuid.hpp"
#include "mail/facts.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Event;
using db::Params;
using db::Statement;

constexpr std::size_t kMaxIds = 40;  // of one mail that are looked up

// One row per hit, the most telling evidence first. Tokens have rank 0.
constexpr Statement kFind{"mail.find", R"sql(
  SELECT q.n, q.rank, v.thread_key, v.contact_identifier, i.message_id, EXISTS (
    SELECT FROM {tenant}.pb_contact_addresses a
    WHERE a.contact_id = v.contact_id AND a.kind = 'email' AND lower(a.address) = lower(q.sender)) AS theirs
  FROM unnest($1::int[], $2::int[], $3::text[], $4::text[], $8::text[]) AS q (n, rank, channel_name, mail_id, sender)
  JOIN {tenant}.pb_mail_ids i ON i.channel_name = q.channel_name AND i.mail_id = q.mail_id
  JOIN {tenant}.inbox_conversations v ON v.id = i.conversation_id AND v.channel_name = q.channel_name
  UNION ALL
  SELECT q.n, 0, v.thread_key, v.contact_identifier, NULL, true
  FROM unnest($5::int[], $6::text[], $7::text[]) AS q (n, channel_name, token)
  JOIN {tenant}.inbox_conversations v ON v.mail_token = q.token AND v.channel_name = q.channel_name
  ORDER BY 1, 2)sql"};

constexpr Statement kFindSent{"mail.find_sent", R"sql(
  SELECT q.n, m.ref::text, m.external_id
  FROM unnest($1::int[], $2::text[], $3::text[]) AS q (n, channel_name, mail_id)
  JOIN {tenant}.pb_mail_ids i ON i.channel_name = q.channel_name AND i.mail_id = q.mail_id
  JOIN {tenant}.inbox_messages m ON m.id = i.message_id AND m.direction = 'out')sql"};

// Mail that was written before its recipient was kept with it went to the conversation's address, as far as is known.
constexpr Statement kFindRecipient{"mail.find_recipient", R"sql(
  SELECT coalesce(m.mail #>> '{to,0,address}', v.contact_identifier)
  FROM unnest($2::text[]) WITH ORDINALITY AS q (mail_id, n)
  JOIN {tenant}.pb_mail_ids i ON i.channel_name = $1 AND i.mail_id = q.mail_id
  JOIN {tenant}.inbox_messages m ON m.id = i.message_id AND m.direction = 'out'
  JOIN {tenant}.inbox_conversations v ON v.id = m.conversation_id
  ORDER BY q.n LIMIT 1)sql"};

constexpr Statement kInsertMailId{"mail.insert_ids", R"sql(
  INSERT INTO {tenant}.pb_mail_ids (channel_name, mail_id, conversation_id, message_id)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) ON CONFLICT DO NOTHING)sql"};

/// The ids under which an answered mail may be known: as it is written, and without the domain that a provider put
/// behind an id of its own.
std::vector<std::string> candidates(const std::vector<std::string>& ids) {
  std::vector<std::string> all;
  for (const auto& id : ids) {
    if (all.size() >= 2 * kMaxIds) break;
    const auto lower = lowerAscii(id);
    all.push_back(lower);
    all.push_back(lower.substr(0, lower.find('@')));
  }
  return all;
}

/// The sender's domain vouches for the address that is shown.
bool isProven(const Event& event) {
  const auto checks = event.mail->shown.find("sender_checks");
  return checks != event.mail->shown.end() && checks->value("dmarc", "") == "pass";
}

}  // namespace

std::map<const Event*, MailPlace> placeMails(db::TenantWrite& write, const std::vector<Arrival>& messages) {
  std::map<const Event*, MailPlace> places;
  std::map<const Event*, std::string> owners;  // address that answers go to
  std::vector<std::int32_t> numbers, ranks, token_numbers;
  std::vector<std::string> channels, ids, senders, token_channels, tokens;
  for (std::size_t n = 0; n < messages.size(); ++n) {
    const auto& mail = messages[n].event->mail;
    if (!mail) continue;
    const auto& channel = messages[n].channel->settings().name;
    std::int32_t rank = 0;
    for (auto& id : candidates(mail->answers)) {
      numbers.push_back(static_cast<std::int32_t>(n));
      ranks.push_back(++rank);
      channels.push_back(channel);
      ids.push_back(std::move(id));
      senders.push_back(messages[n].event->from.address.address);
    }
    for (const auto& token : mail->tokens) {
      token_numbers.push_back(static_cast<std::int32_t>(n));
      token_channels.push_back(channel);
      tokens.push_back(token);
    }
    places[messages[n].event];  // begins a conversation, unless something is found
  }
  if (places.empty()) return places;
  if (!numbers.empty() || !tokens.empty()) {
    const auto rows = write.query(kFind, Params()
                                             .int4Array(numbers)
                                             .int4Array(ranks)
                                             .textArray(channels)
                                             .textArray(ids)
                                             .int4Array(token_numbers)
                                             .textArray(token_channels)
                                             .textArray(tokens)
                                             .textArray(senders));
    for (int i = 0; i < rows.size(); ++i) {
      const auto& event = *messages[static_cast<std::size_t>(rows.int8(i, 0))].event;
      auto& place = places[&event];
      if (place.thread_key.empty()) {
        place.thread_key = std::string(rows.text(i, 2));
        place.trusted = rows.boolean(i, 5) || equalsIgnoreCase(rows.text(i, 3), event.from.address.address);
        place.proven = rows.int8(i, 1) == 0 || isProven(event);
        owners[&event] = std::string(rows.text(i, 3));
      }
      if (!place.reply_to && !rows.isNull(i, 4)) place.reply_to = rows.int8(i, 4);
    }
  }
  // Inside the batch: an answer may come together with what it answers, and a second one with the first. A stranger who
  // names an id of the batch is one here too, and so is whoever names the stranger's.
  struct Here {
    std::string thread_key, owner;
  };
  std::map<std::pair<const connectors::Channel*, std::string>, Here> here;
  for (const auto& arrival : messages) {
    const auto& mail = arrival.event->mail;
    if (!mail) continue;
    auto& place = places[arrival.event];
    const auto& sender = arrival.event->from.address.address;
    auto& owner = owners[arrival.event];
    for (const auto& id : mail->answers) {
      if (!place.thread_key.empty()) break;
      const auto found = here.find({arrival.channel, lowerAscii(id)});
      if (found == here.end()) continue;
      place.thread_key = found->second.thread_key;
      owner = found->second.owner;
      place.trusted = equalsIgnoreCase(owner, sender);
      place.proven = isProven(*arrival.event);
    }
    // Not by the Message-ID alone: anyone may repeat one, and would be in the conversation of the mail that had it
    // first. Its own sender may: a mail that comes once more belongs where it was.
    if (place.thread_key.empty())
      place.thread_key = "mail:" + lowerAscii(sender) + ":" + mail->message_id.substr(0, 500);
    if (place.trusted) owner = sender;
    here.try_emplace({arrival.channel, lowerAscii(mail->message_id)}, Here{place.thread_key, owner});
  }
  return places;
}

std::vector<Arrival> resolveReports(db::TenantWrite& write, const std::vector<Arrival>& statuses,
                                    std::deque<Event>& copies) {
  std::vector<std::int32_t> numbers;
  std::vector<std::string> channels, ids;
  for (std::size_t n = 0; n < statuses.size(); ++n) {
    const auto& mail = statuses[n].event->mail;
    if (!mail || !mail->report) continue;
    for (auto& id : candidates(mail->answers)) {
      numbers.push_back(static_cast<std::int32_t>(n));
      channels.push_back(statuses[n].channel->settings().name);
      ids.push_back(std::move(id));
    }
  }
  if (numbers.empty()) return statuses;
  auto resolved = statuses;
  const auto rows = write.query(kFindSent, Params().int4Array(numbers).textArray(channels).textArray(ids));
  for (int i = 0; i < rows.size(); ++i) {
    auto& arrival = resolved[static_cast<std::size_t>(rows.int8(i, 0))];
    copies.push_back(*arrival.event);
    auto& event = copies.back();
    if (!rows.isNull(i, 1)) event.ref = std::string(rows.text(i, 1));
    if (!rows.isNull(i, 2)) event.message_id = std::string(rows.text(i, 2));
    arrival.event = &event;
  }
  return resolved;
}

std::string recipientOfComplaint(db::TenantWrite& write, const Arrival& complaint) {
  const auto ids = candidates(complaint.event->mail->answers);
  const auto rows = write.query(kFindRecipient, Params().text(complaint.channel->settings().name).textArray(ids));
  return rows.empty() || rows.isNull(0, 0) ? std::string() : std::string(rows.text(0, 0));
}

void rememberMailIds(db::TenantWrite& write, const std::vector<std::string>& channels,
                     const std::vector<std::string>& ids, const std::vector<std::int64_t>& conversations,
                     const std::vector<std::int64_t>& messages) {
  if (ids.empty()) return;
  std::vector<std::string> lower;
  for (const auto& id : ids) lower.push_back(lowerAscii(std::string_view(id).substr(0, 512)));
  write.queue(kInsertMailId,
              Params().textArray(channels).textArray(lower).int8Array(conversations).int8Array(messages));
}

}  // namespace patchbay::inbox
