#include "base/or_null.hpp"
#include "base/text.hpp"
#include "connectors/manifest.hpp"
#include "delivery/outbox.hpp"
#include "inbox/message_batch.hpp"
#include "inbox/reply_window.hpp"
#include "inbox/status_writer.hpp"
#include "inbox/write.hpp"
#include "mail/facts.hpp"
#include "media/filename.hpp"
#include "media/repository.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Event;
using db::Params;
using db::Statement;

constexpr std::size_t kNameLimit = 255;  // of contact_name and contact_identifier, in characters

constexpr Statement kInsertContacts{"ingest.insert_contacts", R"sql(
  INSERT INTO {tenant}.pb_contacts (id, name, created_at, updated_at)
  SELECT q.id, q.name, $1, $1 FROM unnest($2::bigint[], $3::text[]) AS q (id, name))sql"};

constexpr Statement kRenameContacts{"ingest.rename_contacts", R"sql(
  UPDATE {tenant}.pb_contacts c SET name = q.name, updated_at = $1
  FROM unnest($2::bigint[], $3::text[]) AS q (id, name) WHERE c.id = q.id)sql"};

constexpr Statement kInsertAddresses{"ingest.insert_addresses", R"sql(
  INSERT INTO {tenant}.pb_contact_addresses (kind, address, contact_id, created_at)
  SELECT q.kind, q.address, q.contact_id, $1
  FROM unnest($2::text[], $3::text[], $4::bigint[]) AS q (kind, address, contact_id)
  ON CONFLICT DO NOTHING)sql"};

constexpr Statement kInsertConversations{"ingest.insert_conversations", R"sql(
  INSERT INTO {tenant}.inbox_conversations
    (id, channel, connector, channel_name, contact_id, contact_name, contact_identifier, address_kind, thread_key,
     first_message, reply_window_hours, is_spam, status, created_at, updated_at, last_message_at)
  SELECT q.id, q.channel, q.connector, q.channel_name, q.contact_id, q.contact_name, q.contact_identifier,
    q.address_kind, q.thread_key, q.first_message, q.reply_window_hours, q.is_spam = 1,
    'new', $1, $1, $1  -- the last one already, so that the update that follows moves no index
  FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[],
              $10::text[], $11::text[], $12::int[], $13::int[])
    AS q (id, channel, connector, channel_name, contact_id, contact_name, contact_identifier, address_kind, thread_key,
          first_message, reply_window_hours, is_spam))sql"};

// Answers go to the address that the contact's newest message came from; a late copy of an older one changes nothing.
// The status follows the order inside the batch as far as its end can tell: whoever wrote last decides.
constexpr Statement kTouchConversations{"ingest.touch_conversations", R"sql(
  UPDATE {tenant}.inbox_conversations v SET
    message_count = message_count + q.messages,
    unread_count = unread_count + q.unread,
    last_message = q.preview,
    last_message_at = $1,
    contact_identifier = CASE WHEN q.address IS NOT NULL AND q.inbound_at >= coalesce(last_inbound_at, q.inbound_at)
                              THEN q.address ELSE contact_identifier END,
    address_kind = CASE WHEN q.address IS NOT NULL AND q.inbound_at >= coalesce(last_inbound_at, q.inbound_at)
                        THEN q.kind ELSE address_kind END,
    reply_window_hours = CASE WHEN q.address IS NOT NULL AND q.inbound_at >= coalesce(last_inbound_at, q.inbound_at)
                              THEN q.window_hours ELSE reply_window_hours END,
    last_inbound_at = greatest(last_inbound_at, q.inbound_at),
    status = CASE WHEN q.ends_with_echo = 1 AND status IN ('new', 'open', 'archived') THEN 'replied'
                  WHEN q.ends_with_echo = 0 AND status IN ('replied', 'archived') THEN 'open'
                  WHEN q.ends_with_echo = 0 AND status = 'new' AND q.echoed = 1 THEN 'open'
                  ELSE status END,
    archived_at = NULL,
    updated_at = $1,
    version = version + 1
  FROM unnest($2::bigint[], $3::int[], $4::int[], $5::text[], $6::int[], $7::int[], $8::timestamptz[], $9::text[],
              $10::text[], $11::int[])
    AS q (id, messages, unread, preview, echoed, ends_with_echo, inbound_at, kind, address, window_hours)
  WHERE v.id = q.id)sql"};

constexpr Statement kInsertMessages{"ingest.insert_messages", R"sql(
  INSERT INTO {tenant}.inbox_messages
    (id, conversation_id, external_id, direction, type, content, status, channel_name, media, reply_to_id, sender,
     provider_timestamp, subject, extra, raw_type, error, mail, html, full_text, status_updated_at, created_at)
  SELECT q.id, q.conversation_id, q.external_id, q.direction, q.type, q.content,
    CASE q.direction WHEN 'in' THEN 'delivered' ELSE 'sent' END, q.channel_name, coalesce(q.media, '[]'),
    q.reply_to_id, q.sender, q.provider_timestamp, q.subject, q.extra, q.raw_type, q.error, q.mail, q.html,
    q.full_text, $1, $1
  FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[],
              $10::bigint[], $11::jsonb[], $12::timestamptz[], $13::text[], $14::jsonb[], $15::text[], $16::jsonb[],
              $17::jsonb[], $18::text[], $19::text[])
    AS q (id, conversation_id, external_id, direction, type, content, channel_name, media, reply_to_id, sender,
          provider_timestamp, subject, extra, raw_type, error, mail, html, full_text))sql"};

constexpr Statement kInsertParts{"ingest.insert_parts", R"sql(
  INSERT INTO {tenant}.pb_message_parts (channel_name, provider_id, message_id)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]))sql"};

/// The media list as it is stored until the files have been fetched. Items that the host must fetch say "pending".
std::string mediaJson(const Event& event) {
  if (event.media.empty()) return {};
  Json list = Json::array();
  for (const auto& item : event.media) {
    const bool stored = item.blob != 0;
    list.push_back({{"state", stored ? "stored" : "pending"},
                    {"mime_type", item.mime_type.empty() ? Json() : Json(item.mime_type)},
                    {"filename", orNull(media::shownFilename(item.filename))},
                    {"size", item.size < 0 ? Json() : Json(item.size)},
                    {"caption", item.caption.empty() ? Json() : Json(item.caption)},
                    {"url", stored ? Json(media::urlOf(item.sha256)) : Json()},
                    {"sha256", stored ? Json(item.sha256) : Json()}});
  }
  return dumpJson(list);
}

/// The provider takes the mail for spam. A conversation that it begins is not listed with the others; one that is there
/// stays as people have left it.
bool isSpam(const Event& event) {
  return event.mail && event.sender_checks && event.sender_checks->spam == "fail";
}

/// What has no column of its own. `raw` is what the connector kept of a message that it cannot show.
std::string extraJson(const Event& event) {
  if (event.raw.empty()) return event.extra.empty() ? std::string() : cleanJson(event.extra);
  Json extra = event.extra;
  extra["raw"] = event.raw;
  return cleanJson(extra);
}

/// `mail` of the message. A stranger answers in a thread whose ids they have seen somewhere.
std::string mailJson(const Event& event, const MailPlace& place) {
  Json shown = event.mail->shown;
  shown["stranger"] = !place.trusted;
  return cleanJson(shown);
}

void appendString(std::string& out, std::string_view key, std::string_view value) {
  out.append(",\"").append(key).append("\":");
  out.append(dumpJson(Json(value)));
}

}  // namespace

db::Actor MessageBatch::actor(const Person& person) {
  return {"contact", std::to_string(person.id), person.name};
}

void MessageBatch::scheduleMedia(const Fresh& message) {
  const Event& event = *message.arrival->event;
  if (event.mail && !event.mail->source.empty())
    media::add(write_, {event.mail->source, event.mail->source_size, "message/rfc822", "message.eml", {}},
               event.mail->source_bytes ? std::string_view(*event.mail->source_bytes) : std::string_view());
  for (std::size_t i = 0; i < event.media.size(); ++i) {
    const auto& item = event.media[i];
    if (item.blob != 0) {
      media::add(write_,
                 {item.sha256, item.size, media::safeMimeType(item.mime_type), media::safeFilename(item.filename), {}});
      continue;
    }
    const Json payload{{"message_id", message.id},
                       {"index", i},
                       {"url", item.url},
                       {"provider_id", item.provider_id},
                       {"mime_type", item.mime_type},
                       {"filename", item.filename},
                       {"sha256", item.sha256},
                       {"size", item.size},
                       {"caption", item.caption}};
    delivery::schedule(write_, {"media", message.arrival->channel->settings().name, dumpJson(payload), write_.now()});
  }
}

/// The data of message.received: enough for a client to show it without asking back.
std::string MessageBatch::receivedJson(const Fresh& message, std::string_view direction) {
  const Event& event = *message.arrival->event;
  std::string out = "{\"conversation_id\":" + std::to_string(message.thread->id) +
                    ",\"message_id\":" + std::to_string(message.id) +
                    ",\"contact_id\":" + std::to_string(message.person->id);
  appendString(out, "direction", direction);
  appendString(out, "channel_name", message.arrival->channel->settings().name);
  appendString(out, "external_id", event.id);
  appendString(out, "type", event.type);
  appendString(out, "content", event.text);
  if (event.mail) {
    appendString(out, "subject", event.subject);
    out.append(",\"automatic\":").append(event.mail->automatic ? "true" : "false");
  }
  out.push_back('}');
  return out;
}

std::string MessageBatch::senderJson(const Fresh& message) {
  std::string out = "{\"kind\":\"contact\",\"id\":\"" + std::to_string(message.person->id) + "\"";
  appendString(out, "name",
               message.person->name.empty() ? message.arrival->event->from.address.address : message.person->name);
  out.push_back('}');
  return out;
}

void MessageBatch::writeContacts() {
  std::vector<std::int64_t> ids, renamed_ids, address_contacts;
  std::vector<std::string> names, renamed;
  for (const Person* person : new_people_) {
    ids.push_back(person->id);
    names.emplace_back(firstCodePoints(person->name, kNameLimit));
    write_.event(
        "contact.created", actor(*person),
        dumpJson(Json{{"contact_id", person->id}, {"name", person->name.empty() ? Json() : Json(person->name)}}));
  }
  for (const auto& person : people_) {
    if (!person->renamed) continue;
    renamed_ids.push_back(person->id);
    renamed.emplace_back(firstCodePoints(person->name, kNameLimit));
    write_.event("contact.updated", actor(*person), dumpJson(Json{{"contact_id", person->id}, {"name", person->name}}));
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

void MessageBatch::writeConversations() {
  std::vector<std::int64_t> ids, contacts;
  std::vector<std::string> platforms, connectors, channels, names, identifiers, kinds, keys, firsts;
  std::vector<std::optional<std::int32_t>> windows;
  std::vector<std::int32_t> spam;
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
    spam.push_back(isSpam(event) ? 1 : 0);
    write_.event("conversation.created", actor(*thread->person),
                 dumpJson(Json{{"conversation_id", thread->id},
                               {"contact_id", thread->person->id},
                               {"channel", channel.manifest().platform},
                               {"channel_name", channel.settings().name},
                               {"is_spam", spam.back() == 1}}));
  }
  if (ids.empty()) return;
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
                                         .nullableInt4Array(windows)
                                         .int4Array(spam));
}

void MessageBatch::touchConversations() {
  std::vector<std::int64_t> ids;
  std::vector<std::int32_t> messages, unread, echoed, ends_with_echo;
  std::vector<std::string> previews, kinds, addresses;
  std::vector<std::optional<Timestamp>> inbound;
  std::vector<std::optional<std::int32_t>> windows;
  for (const Thread* thread : touched_) {
    const bool moves = thread->answer_to != nullptr;
    ids.push_back(thread->id);
    messages.push_back(thread->messages);
    unread.push_back(thread->unread);
    previews.push_back(thread->preview);
    echoed.push_back(thread->echoed ? 1 : 0);
    ends_with_echo.push_back(thread->ends_with_echo ? 1 : 0);
    inbound.push_back(thread->inbound_at);
    kinds.push_back(moves ? thread->answer_to->kind : std::string());
    addresses.emplace_back(moves ? firstCodePoints(thread->answer_to->address, kNameLimit) : std::string_view());
    windows.push_back(moves ? replyWindowHours(*thread->first->channel, thread->answer_to->kind) : std::nullopt);
  }
  write_.queue(kTouchConversations, Params()
                                        .timestamp(write_.now())
                                        .int8Array(ids)
                                        .int4Array(messages)
                                        .int4Array(unread)
                                        .textArray(previews)
                                        .int4Array(echoed)
                                        .int4Array(ends_with_echo)
                                        .nullableTimestampArray(inbound)
                                        .textOrNullArray(kinds)
                                        .textOrNullArray(addresses)
                                        .nullableInt4Array(windows));
}

void MessageBatch::writeMessages() {
  std::vector<std::int64_t> ids, conversations;
  std::vector<std::optional<std::int64_t>> replies;
  std::vector<std::string> external, directions, types, contents, channels, media, senders, subjects, extras, raw_types,
      errors, mails, htmls, full_texts;
  std::vector<Timestamp> times;
  std::vector<std::string> mail_channels, mail_ids;
  std::vector<std::int64_t> mail_conversations, mail_messages;
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
    const auto mail = mails_.find(&event);
    replies.push_back(!event.reply_to.empty() && reply != known_parts_.end() ? std::optional(reply->second)
                      : mail != mails_.end()                                 ? mail->second.reply_to
                                                                             : std::nullopt);
    mails.push_back(mail == mails_.end() ? std::string() : mailJson(event, mail->second));
    htmls.push_back(event.mail ? event.mail->html : std::string());
    full_texts.push_back(event.mail ? event.mail->full_text : std::string());
    if (event.mail) {
      for (const auto& id : {event.mail->message_id, event.id}) {
        mail_channels.push_back(channel);
        mail_ids.push_back(id);
        mail_conversations.push_back(message.thread->id);
        mail_messages.push_back(message.id);
      }
    }
    senders.push_back(event.echo ? R"({"kind":"user","id":null,"name":null})" : senderJson(message));
    times.push_back(event.timestamp);
    subjects.push_back(event.subject);
    extras.push_back(extraJson(event));
    raw_types.push_back(event.raw_type);
    errors.push_back(event.error ? errorJson(*event.error) : std::string());
    write_.event(event.echo ? "message.sent" : "message.received", actor(*message.person),
                 receivedJson(message, directions.back()));
    scheduleMedia(message);
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
                                    .textOrNullArray(raw_types)
                                    .jsonbArray(errors)
                                    .jsonbArray(mails)
                                    .textOrNullArray(htmls)
                                    .textOrNullArray(full_texts));
  rememberMailIds(write_, mail_channels, mail_ids, mail_conversations, mail_messages);
  write_.queue(kInsertParts, Params().textArray(channels).textArray(external).int8Array(ids));
}

}  // namespace patchbay::inbox
