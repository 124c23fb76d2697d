"""Readers of a request's body, query and token."""
