"""The checks of `leadnator-auth doctor`: they look, and change nothing."""

from leadnator_auth.entrypoints.doctor.examining import Check, examine
from leadnator_auth.entrypoints.doctor.finding import Finding, Level, fail, ok, warn

__all__ = ["Check", "Finding", "Level", "examine", "fail", "ok", "warn"]
