"""The checks of `leadnator-auth doctor`: they look, and change nothing."""

from leadnator_auth.entrypoints.doctor.examining import Check, Finding, Findings, Level, examine, fail, ok, warn

__all__ = ["Check", "Finding", "Findings", "Level", "examine", "fail", "ok", "warn"]
