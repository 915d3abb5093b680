DROP SCHEMA IF EXISTS bench_reference CASCADE;
CREATE SCHEMA bench_reference;
CREATE TABLE bench_reference.contacts (id bigserial PRIMARY KEY, address text NOT NULL UNIQUE, name text, updated_at timestamptz);
CREATE TABLE bench_reference.conversations (id bigserial PRIMARY KEY, contact text NOT NULL UNIQUE, message_count int, unread_count int,
  last_message text, last_message_at timestamptz);
CREATE TABLE bench_reference.messages (id bigserial PRIMARY KEY, contact text NOT NULL, external_id text NOT NULL UNIQUE, content text,
  payload jsonb, created_at timestamptz);
CREATE TABLE bench_reference.events (seq bigserial PRIMARY KEY, type text, occurred_at timestamptz, data jsonb);
INSERT INTO bench_reference.contacts (address, name) SELECT '+49155' || n, 'Kunde ' || n FROM generate_series(1, 20000) n;
INSERT INTO bench_reference.conversations (contact, message_count, unread_count) SELECT '+49155' || n, 0, 0 FROM generate_series(1, 20000) n;
VACUUM ANALYZE bench_reference.contacts, bench_reference.conversations;
