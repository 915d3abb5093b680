#include "inbox/render.hpp"

namespace patchbay::inbox {
namespace {

/// RFC 3339 in UTC with milliseconds; NULL stays null.
std::string time(const std::string& column) {
  return "to_char(" + column + ", 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";
}

/// jsonb_build_object takes 100 arguments at most, so a wide row is two objects side by side.
std::string object(const std::string& members) {
  return "jsonb_build_object(" + members + ")";
}

}  // namespace

const std::string& conversationJson() {
  static const std::string kSql =
      "(" +
      object(
          "'id', v.id, 'external_id', v.external_id, 'channel', v.channel, 'contact_name', v.contact_name, "
          "'contact_identifier', v.contact_identifier, 'contact_metadata', v.contact_metadata, 'status', v.status, "
          "'priority', v.priority, 'is_spam', v.is_spam, 'first_message', v.first_message, 'last_message', "
          "v.last_message, "
          "'message_count', v.message_count, 'unread_count', v.unread_count, 'assigned_to', v.assigned_to, "
          "'assigned_at', " +
          time("v.assigned_at") + ", 'is_lead', v.is_lead, 'lead_id', v.lead_id, 'qualified_at', " +
          time("v.qualified_at") +
          ", 'qualified_by', v.qualified_by, 'tags', v.tags, 'platform_metadata', v.platform_metadata") +
      " || " +
      object(
          "'last_message_at', " + time("v.last_message_at") + ", 'created_at', " + time("v.created_at") +
          ", 'updated_at', " + time("v.updated_at") + ", 'archived_at', " + time("v.archived_at") +
          ", 'connector', v.connector, 'channel_name', v.channel_name, 'contact_id', v.contact_id, 'reply_window', " +
          "CASE WHEN v.channel_name IS NULL THEN NULL WHEN v.reply_window_hours IS NULL THEN "
          "jsonb_build_object('open', true, 'closes_at', NULL) ELSE jsonb_build_object('open', "
          "coalesce(v.last_inbound_at + v.reply_window_hours * interval '1 hour' > now(), false), 'closes_at', " +
          time("v.last_inbound_at + v.reply_window_hours * interval '1 hour'") + ") END, 'snoozed_until', " +
          time("v.snoozed_until") +
          ", 'spam_score', v.spam_score, 'spam_reasons', v.spam_reasons, 'version', v.version") +
      ")";
  return kSql;
}

const std::string& messageJson() {
  static const std::string kSql =
      "(" +
      object(
          "'id', m.id, 'conversation_id', m.conversation_id, 'external_id', m.external_id, 'direction', m.direction, "
          "'type', m.type, 'content', m.content, 'media_url', m.media_url, 'status', m.status, 'status_updated_at', " +
          time("m.status_updated_at") + ", 'created_at', " + time("m.created_at") +
          ", 'media', m.media, 'reply_to_id', m.reply_to_id, 'sender', m.sender, 'error', m.error, 'attempts', "
          "m.attempts, "
          "'provider_timestamp', " +
          time("m.provider_timestamp") +
          ", 'is_note', m.is_note, 'client_ref', m.client_ref, 'reactions', m.reactions") +
      " || " +
      object(
          "'subject', m.subject, 'quick_replies', m.quick_replies, 'template', m.template, 'extra', m.extra, "
          "'raw_type', m.raw_type, 'possible_duplicate', m.possible_duplicate, 'scheduled_at', " +
          time("m.scheduled_at") +
          ", 'recorded', m.recorded, 'mail', m.mail, 'html', CASE WHEN octet_length(m.html) <= 65536 THEN m.html END, "
          "'full_text', m.full_text") +
      ")";
  return kSql;
}

std::string joinRows(const db::Rows& rows) {
  std::string out = "[";
  for (int i = 0; i < rows.size(); ++i) {
    if (i > 0) out.push_back(',');
    out.append(rows.text(i, 0));
  }
  out.push_back(']');
  return out;
}

}  // namespace patchbay::inbox
