-- Mail: which conversation a mail belongs to, and what is shown of it beside its text.

-- Every id under which a mail may be named by an answer or a report, in lower case: its Message-ID, and what a provider
-- made of it. Written with the message, so no foreign key (see 0001).
CREATE TABLE {tenant}.pb_mail_ids (
  channel_name    text NOT NULL,
  mail_id         text NOT NULL,
  conversation_id bigint NOT NULL,
  message_id      bigint NOT NULL,
  PRIMARY KEY (channel_name, mail_id)
);
CREATE INDEX ON {tenant}.pb_mail_ids (conversation_id);

ALTER TABLE {tenant}.inbox_messages
  ADD COLUMN mail      jsonb,               -- addresses, ids, whether a program wrote it
  ADD COLUMN html      text,                -- safe to show
  ADD COLUMN full_text text;                -- with what is quoted; null: content is all of it

-- Random, given out in the address for answers; whoever writes to it answers in this conversation.
ALTER TABLE {tenant}.inbox_conversations ADD COLUMN mail_token text;
CREATE UNIQUE INDEX pb_mail_token ON {tenant}.inbox_conversations (mail_token) WHERE mail_token IS NOT NULL;
