"""Counters of how the operations that matter for security end, and GET /metrics."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import wraps

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from leadnator_auth.domain import UnavailableError, event_backlog, mail_stats
from leadnator_auth.domain.errors import AuthError
from leadnator_auth.entrypoints.http.context import ports_of
from leadnator_auth.entrypoints.http.openapi.operation import Handler, Operation
from leadnator_auth.entrypoints.http.refusals import InternalError, RequestError
from leadnator_auth.entrypoints.telemetry.metrics import Metrics, Waiting, families
from leadnator_auth.entrypoints.telemetry.metrics.families import Family

OK = "ok"
ABORTED = "aborted"
"""The client went away, or the server was told to end."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus's text format: https://prometheus.io/docs/instrumenting/exposition_formats/"""

COUNTED: Mapping[str, Family] = {
    "sign_up": families.SIGN_UPS,
    "log_in": families.LOG_INS,
    "forgot_password": families.RESET_REQUESTS,
    "reset_password": families.RESETS,
    "change_password": families.PASSWORD_CHANGES,
}
"""The metrics that count outcomes, by the names of the operations."""


def counted(operation: Operation, handler: Handler, metrics: Metrics) -> Handler:
    """Returns a handler that also counts how the operation ends, if its outcomes are counted.

    A handler that answers a refusal by itself says so with `note_refusal`.
    """
    if operation.name not in COUNTED:
        return handler
    count = metrics.outcomes(COUNTED[operation.name], [OK, *(refusal.code for refusal in operation.refusals)])

    @wraps(handler)
    async def counting(request: Request) -> Response:
        outcome = ABORTED
        try:
            response = await handler(request)
            outcome = getattr(request.state, "outcome", OK)
        except ClientDisconnect:
            raise
        except Exception as error:
            outcome = error.code if isinstance(error, AuthError | RequestError) else InternalError.code
            raise
        finally:
            count(outcome)
        return response

    return counting


def note_refusal(request: Request, error: AuthError) -> None:
    """Has a request counted as refused although its handler answers it like any other."""
    request.state.outcome = error.code


async def get_metrics(request: Request) -> Response:
    """GET /metrics: the metrics of all processes, and of the database if it answers."""
    metrics: Metrics = request.app.state.metrics
    ports = ports_of(request)
    waiting: Waiting | None = None
    # That the database is away is a figure, too: what else is known helps most then.
    with suppress(UnavailableError):
        waiting = Waiting(await mail_stats(ports=ports), await event_backlog(ports=ports))
    # On another thread: hundreds of figures take tens of milliseconds, for which no `me` should wait.
    text = await asyncio.to_thread(metrics.scrape(waiting, ports.clock.now()))
    return Response(text, headers={"Content-Type": CONTENT_TYPE})
