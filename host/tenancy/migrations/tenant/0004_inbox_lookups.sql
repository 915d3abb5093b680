-- What the ingest and the lists look up by. Every inbound message rewrites its conversation's row and with it an entry
-- in each index that holds the row, so these are as few and as partial as the look-ups allow.

CREATE INDEX IF NOT EXISTS pb_archived_thread ON {tenant}.inbox_conversations (channel_name, thread_key)
  WHERE status = 'archived';
CREATE INDEX IF NOT EXISTS pb_open_identifier ON {tenant}.inbox_conversations (channel, contact_identifier)
  WHERE status <> 'archived';
CREATE INDEX IF NOT EXISTS pb_conversations_contact ON {tenant}.inbox_conversations (contact_id)
  WHERE contact_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS pb_conversations_assigned ON {tenant}.inbox_conversations (assigned_to, last_message_at DESC)
  WHERE assigned_to IS NOT NULL;
CREATE INDEX IF NOT EXISTS pb_conversations_created ON {tenant}.inbox_conversations (created_at, id);

CREATE INDEX IF NOT EXISTS pb_parked_statuses_age ON {tenant}.pb_parked_statuses (parked_at);

-- Reactions, edits, consent and the like that were applied: a second delivery, which may come days later, must not
-- apply them again over what has happened since. Dropped when no provider delivers again.
CREATE TABLE IF NOT EXISTS {tenant}.pb_seen_events (
  channel_name text NOT NULL,
  event_key    bytea NOT NULL,             -- SHA-256 of what makes the event itself
  seen_at      timestamptz NOT NULL,
  PRIMARY KEY (channel_name, event_key)
);
CREATE INDEX IF NOT EXISTS pb_seen_events_age ON {tenant}.pb_seen_events (seen_at);
