"""Metrics and traces of the running product."""
