-- A small raw mail is kept in its row, in the transaction of its message: a file each, made and synced with its folder, cost
-- several times what everything else of a mail costs. Null: the store has the file.

ALTER TABLE {tenant}.pb_media ADD COLUMN bytes bytea;
