-- An application whose accounts are in a table that is called as ours is, with an index and a view that are, too.
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, password_hash TEXT NOT NULL);
CREATE TABLE sessions (token TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), expires_at TIMESTAMP);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE VIEW mails AS SELECT email FROM users;
INSERT INTO users VALUES (1, 'ada@host.test', 'hash');
INSERT INTO sessions VALUES ('t', 1, NULL);
