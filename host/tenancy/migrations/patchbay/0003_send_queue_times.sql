-- Existing rows are looked at by the first sweep, which corrects both.
ALTER TABLE patchbay.send_queue
  ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now(),  -- when the first of its messages is given up
  ADD COLUMN oldest_at timestamptz NOT NULL DEFAULT now();   -- when the first of them was written
CREATE INDEX send_queue_expires ON patchbay.send_queue (expires_at);
