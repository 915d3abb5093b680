-- What has to be done at providers, over all tenants, so that a dispatcher looks in one place.

-- One row per recipient who has something pending in tenant_<slug>.pb_outbox. A dispatcher leases the recipient, not the message:
-- so messages to one person leave in order, and people do not wait for each other.
CREATE TABLE patchbay.send_queue (
  tenant       text NOT NULL REFERENCES patchbay.tenants (slug) ON DELETE CASCADE,
  channel_name text NOT NULL,
  recipient    text NOT NULL,              -- kind:address
  pending      integer NOT NULL,           -- rows of pb_outbox that are still to be sent
  available_at timestamptz NOT NULL,       -- when the first of them may go
  lease_token  uuid,                       -- the fence: who does not hold it any more writes nothing
  leased_until timestamptz,
  PRIMARY KEY (tenant, channel_name, recipient)
);
-- greatest() leaves nulls out: free rows are due at available_at, leased ones not before their lease has run out.
CREATE INDEX send_queue_due ON patchbay.send_queue (tenant, channel_name, (GREATEST(available_at, leased_until)));

-- Jobs done once, at or after run_at, in no order: media to fetch.
CREATE TABLE patchbay.due (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant       text NOT NULL REFERENCES patchbay.tenants (slug) ON DELETE CASCADE,
  channel_name text NOT NULL,
  kind         text NOT NULL,
  payload      jsonb NOT NULL,
  run_at       timestamptz NOT NULL,
  attempt      integer NOT NULL DEFAULT 0, -- tries that have failed
  lease_token  uuid,
  leased_until timestamptz,
  created_at   timestamptz NOT NULL
);
CREATE INDEX due_due ON patchbay.due (tenant, channel_name, kind, (GREATEST(run_at, leased_until)));
