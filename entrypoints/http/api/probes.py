"""The calls for load balancers, supervisors and Prometheus."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.http.context import done, ports_of
from leadnator_auth.entrypoints.http.middleware.counting import get_metrics
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation

GROUP = "Operation"
_FIGURES = """\
# HELP leadnator_auth_logins_total Log-ins over HTTP by outcome: ok, or the code of the error.
# TYPE leadnator_auth_logins_total counter
leadnator_auth_logins_total{outcome="invalid_credentials"} 3.0
leadnator_auth_logins_total{outcome="ok"} 42.0
"""


async def get_healthz(request: Request) -> Response:
    """GET /healthz: the process answers."""
    return done()


async def get_readyz(request: Request) -> Response:
    """GET /readyz: the database answers, too, and has the current schema."""
    await ports_of(request).readiness.check()
    return done()


operation = partial(Operation, group=GROUP)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="GET",
        path="/healthz",
        handler=get_healthz,
        name="get_health",
        summary="Tell that the process is alive.",
    ),
    operation(
        method="GET",
        path="/readyz",
        handler=get_readyz,
        name="get_readiness",
        summary="Tell that the database is within reach and its schema current.",
        refusals=(UnavailableError,),
    ),
    operation(
        method="GET",
        path="/metrics",
        handler=get_metrics,
        summary="Return the figures of all processes in Prometheus's text format.",
        media_type="text/plain",
        success=schemas.METRICS,
        example_answer=_FIGURES,
    ),
)
