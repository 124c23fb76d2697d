"""What the core keeps and compares by identity: accounts, sessions, tokens, mails, events."""
