"""Steps that several use cases share: running a transaction, throttling, proving a password, opening a session."""
