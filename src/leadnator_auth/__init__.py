"""Accounts, sessions and password reset: a pure core, adapters for it, and an HTTP service made of both."""

__version__ = "0.1.0"
