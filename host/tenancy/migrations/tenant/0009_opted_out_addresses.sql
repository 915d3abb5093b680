-- Somebody who said STOP to one sender may still read their mail: what is refused goes by the address that opted out.
-- pb_contacts.opted_out_at stays what it was, the person's last word on any kind of message.

ALTER TABLE {tenant}.pb_contact_addresses ADD COLUMN opted_out_at timestamptz;
