-- What a request calls users and groups, folded, each on a line of its own: so that it is found by a name, also where the
-- user was not there yet. Of requests that were recorded before there was this column nothing is known.
ALTER TABLE activity ADD COLUMN names TEXT;
