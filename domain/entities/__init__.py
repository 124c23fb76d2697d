"""Entities: accounts, sessions, tokens, mails, events and all else that has an identity of its own."""
