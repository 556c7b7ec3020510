-- What says whether a directory needs somebody: e-mails that were given up, and requests that failed.
CREATE INDEX mails_parked ON mails (directory_id) WHERE state = 'parked';
CREATE INDEX activity_failures ON activity (directory_id, id) WHERE status >= 400;

-- For how long a credential was made, in µs; NULL, for good. A rotation shortens `expires`, and what follows lives as long as this.
ALTER TABLE credentials ADD COLUMN lifetime BIGINT;
UPDATE credentials SET lifetime = expires - created WHERE expires IS NOT NULL;
