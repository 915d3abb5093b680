-- Reactions, edits and unsends that came before their message (by another connection of the provider); applied when it
-- appears, dropped after seven days.
CREATE TABLE {tenant}.pb_parked_changes (
  channel_name text NOT NULL,
  provider_id  text NOT NULL,              -- of the message
  event_key    bytea NOT NULL,             -- as in pb_seen_events: a second delivery is parked once
  change       jsonb NOT NULL,
  parked_at    timestamptz NOT NULL,
  PRIMARY KEY (channel_name, provider_id, event_key)
);
CREATE INDEX pb_parked_changes_age ON {tenant}.pb_parked_changes (parked_at);

-- {who: when they reacted last}, by the provider's clock: reactions come in any order, and one taken back leaves no other
-- trace.
ALTER TABLE {tenant}.inbox_messages ADD COLUMN reacted_at jsonb;
