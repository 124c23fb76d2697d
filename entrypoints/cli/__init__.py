"""The command line."""

from leadnator_auth.entrypoints.cli.command import main

__all__ = ["main"]
