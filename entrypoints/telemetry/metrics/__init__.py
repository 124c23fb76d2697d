"""Metrics for those who monitor the service, in Prometheus's text format."""

from leadnator_auth.entrypoints.telemetry.metrics.recording import METHODS, UNMATCHED, Levels, Metrics, Waiting

__all__ = ["METHODS", "UNMATCHED", "Levels", "Metrics", "Waiting"]
