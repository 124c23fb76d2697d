"""Traces of requests for OpenTelemetry, an extra: none of it is loaded unless it is switched on."""

from typing import TYPE_CHECKING

from leadnator_auth.entrypoints.settings.errors import StartError

if TYPE_CHECKING:
    from leadnator_auth.entrypoints.telemetry.tracing.tracing import Tracing

MISSING_EXTRA = "LEADNATOR_OTLP_ENDPOINT is set, but tracing is not installed: pip install 'leadnator-auth[tracing]'"


def require_tracing() -> None:
    """Raises: StartError when the extra is not installed."""
    try:
        import leadnator_auth.entrypoints.telemetry.tracing.exporting  # noqa: F401 (whether it can be loaded is the question)
    except ImportError as error:
        raise StartError(MISSING_EXTRA) from error


def tracing_to(endpoint: str) -> "Tracing":
    """Returns a tracer of requests that sends the spans to the OpenTelemetry collector at this URL.

    Raises: StartError when the extra is not installed.
    """
    require_tracing()
    from leadnator_auth.entrypoints.telemetry.tracing.exporting import exporting_tracing

    return exporting_tracing(endpoint)
