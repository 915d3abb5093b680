-- Every message moves its conversation's last_message_at. While an index held that column, each message also rewrote the
-- row's entry in all the other indexes; now the indexes hold the ten minutes in which it falls, which change seldom, and
-- an update stays within its page (a "heap-only tuple"). Lists sort by the ten minutes first, and then by the exact time.
-- See https://www.postgresql.org/docs/15/storage-hot.html

ALTER TABLE {tenant}.inbox_conversations
  ADD COLUMN recent_slot timestamptz GENERATED ALWAYS AS
    (date_bin('10 minutes', last_message_at, TIMESTAMPTZ '1970-01-01 00:00:00+00')) STORED;
ALTER TABLE {tenant}.inbox_conversations SET (fillfactor = 80);

DROP INDEX {tenant}.pb_conversations_recent;
CREATE INDEX pb_conversations_recent ON {tenant}.inbox_conversations (recent_slot DESC NULLS LAST);
DROP INDEX {tenant}.pb_conversations_assigned;
CREATE INDEX pb_conversations_assigned ON {tenant}.inbox_conversations (assigned_to, recent_slot DESC NULLS LAST)
  WHERE assigned_to IS NOT NULL;
