-- failed: given up; kept, so that a person may have it sent again (with what the connector's last turn left), for thirty days.
ALTER TABLE {tenant}.pb_outbox DROP CONSTRAINT pb_outbox_state_check;
ALTER TABLE {tenant}.pb_outbox ADD CONSTRAINT pb_outbox_state_check
  CHECK (state IN ('queued', 'started', 'unknown', 'held', 'failed'));
ALTER TABLE {tenant}.pb_outbox
  ADD COLUMN settled_at timestamptz,                 -- since when it is held or failed
  ADD COLUMN insist boolean NOT NULL DEFAULT false;  -- a person wants it sent again, from the start if it must be
-- What is dead is in nobody's way.
DROP INDEX {tenant}.pb_outbox_recipient;
CREATE INDEX pb_outbox_recipient ON {tenant}.pb_outbox (channel_name, recipient, id) WHERE state NOT IN ('held', 'failed');
CREATE INDEX pb_outbox_dead ON {tenant}.pb_outbox (settled_at) WHERE state IN ('held', 'failed');
