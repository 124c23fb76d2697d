"""Serving over HTTP: the process, its log, and the connections it takes."""
