"""Traces of requests for OpenTelemetry, an extra: none of it is loaded unless it is switched on."""

import asyncio
from typing import TYPE_CHECKING

from leadnator_auth.entrypoints.settings.errors import StartError

if TYPE_CHECKING:
    from leadnator_auth.entrypoints.telemetry.tracing.tracing import Tracing

MISSING_EXTRA = "LEADNATOR_OTLP_ENDPOINT is set, but tracing is not installed: pip install 'leadnator-auth[tracing]'"


def require_tracing(endpoint: str) -> None:
    """Raises: StartError when `tracing_to` would."""
    asyncio.run(tracing_to(endpoint).close())


def tracing_to(endpoint: str) -> "Tracing":
    """Returns a tracer of requests that sends the spans to the OpenTelemetry collector at this URL.

    Raises: StartError when the extra is not installed, or does not take what its own variables say.
    """
    try:
        # It reads its variables when it is loaded, too.
        from leadnator_auth.entrypoints.telemetry.tracing.tracing import exporting_tracing
    except ImportError as error:
        raise StartError(MISSING_EXTRA) from error
    except (ValueError, RuntimeError) as error:
        raise _not_taken(error) from error
    try:
        return exporting_tracing(endpoint)
    # A variable can ask for a package that is not there.
    except (ImportError, ValueError, RuntimeError) as error:
        raise _not_taken(error) from error


def _not_taken(error: Exception) -> StartError:
    return StartError(f"OpenTelemetry does not take what its variables (OTEL_...) say: {error}")
