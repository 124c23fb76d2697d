"""The HTTP application: parses, calls one use case, answers. It decides nothing."""

from leadnator_auth.entrypoints.http.app import create_app

__all__ = ["create_app"]
