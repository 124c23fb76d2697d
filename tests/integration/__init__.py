"""The adapters against the real thing: files, a mail server, a database."""
