"""Traces of requests for OpenTelemetry, an extra: none of it is loaded unless it is switched on."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import BufferingHandler
from typing import TYPE_CHECKING

from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.entrypoints.settings.misplaced import may_hold_a_secret

if TYPE_CHECKING:
    from leadnator_auth.entrypoints.telemetry.tracing.tracing import Tracing

_ALL = 1_000
"""More lines than anything logs while it is loaded."""
_ABOUT_SURROUNDINGS = "in detector"
"""Where what is to be found out about a machine is not to be had just now: that is nobody's variable."""
MISSING_EXTRA = "LEADNATOR_OTLP_ENDPOINT is set, but tracing is not installed: pip install 'leadnator-auth[tracing]'"


def require_tracing(endpoint: str) -> None:
    """Raises: StartError when `tracing_to` would."""
    asyncio.run(tracing_to(endpoint).close())


def tracing_to(endpoint: str) -> "Tracing":
    """Returns a tracer of requests that sends the spans to the OpenTelemetry collector at this URL.

    Raises: StartError when the extra is not installed, or does not take what its own variables say.
    """
    with _listening() as complaints:
        try:
            # It reads its variables when it is loaded, too.
            from leadnator_auth.entrypoints.telemetry.tracing.tracing import exporting_tracing
        except ImportError as error:
            raise StartError(MISSING_EXTRA) from error
        except (ValueError, RuntimeError) as error:
            raise _not_taken(str(error)) from error
        try:
            tracing = exporting_tracing(endpoint)
        # A variable can ask for a package that is not there.
        except (ImportError, ValueError, RuntimeError) as error:
            raise _not_taken(str(error)) from error
    for complaint in complaints.buffer:
        if _ABOUT_SURROUNDINGS not in (why := complaint.getMessage()):
            raise _not_taken(why)
    return tracing


@contextmanager
def _listening() -> Iterator[BufferingHandler]:
    """Collects what OpenTelemetry logs of variables that it does without; it reaches no log, for it may be secret."""
    logger, heard = logging.getLogger("opentelemetry"), BufferingHandler(_ALL)
    heard.setLevel(logging.WARNING)
    logger.addHandler(heard)
    propagates, logger.propagate = logger.propagate, False
    try:
        yield heard
    finally:
        logger.propagate = propagates
        logger.removeHandler(heard)


def _not_taken(why: str) -> StartError:
    why = why.partition("\n")[0]
    if may_hold_a_secret(why):
        why = "one of them has a value that is not shown here"
    if "header" in why.lower():
        why = "OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_TRACES_HEADERS take name=value, separated by commas"
    return StartError(f"OpenTelemetry does not take what its variables (OTEL_...) say: {why}")
