-- Messages on their way to a provider. A row goes when its fate is known.
CREATE TABLE {tenant}.pb_outbox (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- the order of a recipient's messages
  message_id   bigint NOT NULL REFERENCES {tenant}.inbox_messages (id) ON DELETE CASCADE,
  channel_name text NOT NULL,
  recipient    text NOT NULL,              -- kind:address
  ref          uuid NOT NULL,
  operation    jsonb NOT NULL,
  -- started: a step's requests may have left. unknown: one left and no whole answer came; holds the recipient until retry_at.
  -- held: unknown for good, waits for a status or a person and holds nobody.
  state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'started', 'unknown', 'held')),
  step         integer NOT NULL DEFAULT 0, -- steps whose answers are in
  carry        bytea,                      -- what the connector's last turn left for the next one
  answers      jsonb,                      -- of the last step: with carry, all that the next turn needs
  version      text,                       -- of the connector that made carry
  unsafe       boolean NOT NULL DEFAULT false,  -- the started step must not be made twice
  started_at   timestamptz,
  attempt      integer NOT NULL DEFAULT 0, -- tries that counted
  deferrals    integer NOT NULL DEFAULT 0, -- tries that did not: throttled, paused
  possible_duplicate boolean NOT NULL DEFAULT false,
  -- A split text is several messages at the provider with one ref of ours. More of its ids seen in statuses than parts
  -- answered: the part whose answer was lost has arrived.
  parts_done   integer NOT NULL DEFAULT 0, -- unsafe steps whose answer led on
  parts_seen   integer NOT NULL DEFAULT 0, -- of the provider's ids that came by ref, before the send has ended
  last_error   jsonb,
  not_before   timestamptz,                -- a scheduled message: others overtake it until then
  retry_at     timestamptz,                -- after a failure, or the end of the hold
  expires_at   timestamptz NOT NULL,
  created_at   timestamptz NOT NULL
);
CREATE INDEX pb_outbox_recipient ON {tenant}.pb_outbox (channel_name, recipient, id);
CREATE INDEX ON {tenant}.pb_outbox (message_id);

-- One row per step that was tried, written before its first byte leaves.
CREATE TABLE {tenant}.pb_attempts (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id    bigint NOT NULL REFERENCES {tenant}.inbox_messages (id) ON DELETE CASCADE,
  attempt       integer NOT NULL,
  step          integer NOT NULL,
  started_at    timestamptz NOT NULL,
  finished_at   timestamptz,
  phase         text,                      -- answered, not_sent, no_answer, too_large
  http_status   integer,
  provider_code text,
  text          text                       -- scrubbed of secrets
);
CREATE INDEX ON {tenant}.pb_attempts (message_id, id);

-- Files of the content-addressed store that this tenant has.
CREATE TABLE {tenant}.pb_media (
  sha256     text PRIMARY KEY,
  size       bigint NOT NULL,
  mime_type  text NOT NULL,
  filename   text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL
);
