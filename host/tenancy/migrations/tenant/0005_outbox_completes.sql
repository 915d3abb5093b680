-- The step under way is the operation's last: should its answer be lost and a status tell that it arrived, nothing is missing.
ALTER TABLE {tenant}.pb_outbox ADD COLUMN IF NOT EXISTS completes boolean NOT NULL DEFAULT false;
