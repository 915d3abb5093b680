-- What all tenants share. One row here decides what a start has to migrate: no start looks into every schema.
CREATE TABLE patchbay.tenants (
  slug           text PRIMARY KEY CHECK (slug ~ '^[a-z0-9-]{1,56}$'),
  tenant_id      text,                       -- the provisioning service's own id, any text
  name           text,
  status         text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
  schema_version integer NOT NULL DEFAULT 0, -- number of the last tenant migration that has run
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE patchbay.api_keys (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant       text NOT NULL REFERENCES patchbay.tenants (slug) ON DELETE CASCADE,
  name         text NOT NULL,
  key_hash     bytea NOT NULL UNIQUE,        -- SHA-256 of the key; the key itself is shown once and kept nowhere
  key_prefix   text NOT NULL,                -- the first characters, so that a person can tell keys apart
  role         text NOT NULL CHECK (role IN ('tenant_admin', 'tenant_user')),
  scopes       text[] NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz
);
