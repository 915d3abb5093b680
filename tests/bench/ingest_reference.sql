-- The frozen reference of tests/bench/ingest: what a plain service does for one webhook, in one transaction, prepared.
\set contact random(1, 20000)
\set message random(1, 9000000000000)
BEGIN;
INSERT INTO bench_reference.contacts AS c (address, name, updated_at) VALUES ('+49155' || :contact, 'Kunde ' || :contact, now())
  ON CONFLICT (address) DO UPDATE SET name = excluded.name, updated_at = excluded.updated_at;
INSERT INTO bench_reference.conversations AS v (contact, message_count, unread_count, last_message, last_message_at)
  VALUES ('+49155' || :contact, 1, 1, 'Hallo, ich habe eine Frage zu meiner Bestellung', now())
  ON CONFLICT (contact) DO UPDATE SET message_count = v.message_count + 1, unread_count = v.unread_count + 1,
  last_message = excluded.last_message, last_message_at = excluded.last_message_at;
INSERT INTO bench_reference.messages (contact, external_id, content, payload, created_at)
  VALUES ('+49155' || :contact, 'wamid.' || :message, repeat('Ist es noch auf Lager? ', 24), '{"type": "text", "raw": true}', now())
  ON CONFLICT (external_id) DO NOTHING;
INSERT INTO bench_reference.events (type, occurred_at, data)
  VALUES ('message.received', now(), '{"conversation_id": 1, "message_id": 2, "content": "Hallo, ich habe eine Frage"}');
COMMIT;
