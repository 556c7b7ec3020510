-- Who signed in with OpenID Connect. Such a session acts as the console's key, and people want to know who it was: all NULL
-- where somebody signed in with a key.
ALTER TABLE sessions ADD COLUMN person_issuer TEXT;
ALTER TABLE sessions ADD COLUMN person_subject TEXT;
ALTER TABLE sessions ADD COLUMN person_email TEXT;
ALTER TABLE sessions ADD COLUMN person_name TEXT;

CREATE INDEX sessions_person ON sessions (person_subject, person_issuer) WHERE person_subject IS NOT NULL;

-- Who made a change in such a session, as they were then: {"issuer", "subject", "email", "name"}.
ALTER TABLE events ADD COLUMN person TEXT;
ALTER TABLE audit_records ADD COLUMN person TEXT;
