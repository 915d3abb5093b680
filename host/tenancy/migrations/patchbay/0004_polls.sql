-- Where each channel that polls its provider has got to. One row per channel that has ever polled; a dispatcher of polls leases it.
CREATE TABLE patchbay.polls (
  tenant       text NOT NULL REFERENCES patchbay.tenants (slug) ON DELETE CASCADE,
  channel_name text NOT NULL,
  account      text NOT NULL,              -- what the cursor is of: connector and credentials; with others it starts anew
  cursor       text NOT NULL DEFAULT '',   -- moved in the transaction that stores the events
  due_at       timestamptz NOT NULL,
  failures     integer NOT NULL DEFAULT 0, -- polls in a row that failed
  refusals     integer NOT NULL DEFAULT 0, -- of these, the last ones in a row whose answers the connector could not digest
  lease_token  uuid,                       -- the fence: who does not hold it any more writes nothing
  leased_until timestamptz,
  polled_at    timestamptz,                -- the last one that went well
  PRIMARY KEY (tenant, channel_name)
);
