"""Every operation of the API, once: routes, OpenAPI document, reference page and tests are made from this tuple."""

from collections.abc import Mapping

from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.http import account_operations, admin_operations, handlers, schemas, session_operations
from leadnator_auth.entrypoints.http.account_operations import ACCOUNT_OPERATIONS
from leadnator_auth.entrypoints.http.admin_operations import ADMIN_OPERATIONS
from leadnator_auth.entrypoints.http.counting import get_metrics
from leadnator_auth.entrypoints.http.operation import Operation
from leadnator_auth.entrypoints.http.session_operations import SESSION_OPERATIONS

_FIGURES = """\
# HELP leadnator_auth_logins_total Log-ins over HTTP by outcome: ok, or the code of the error.
# TYPE leadnator_auth_logins_total counter
leadnator_auth_logins_total{outcome="invalid_credentials"} 3.0
leadnator_auth_logins_total{outcome="ok"} 42.0
"""

GROUPS: Mapping[str, str] = {
    account_operations.GROUP: "Accounts and their JWTs. After log-in every call carries "
    "`Authorization: Bearer <token>`; a GET may carry `?token=` instead, for download and media URLs.",
    session_operations.GROUP: "Each log-in opens a session, and its token is good for as long as the session lives.",
    admin_operations.GROUP: "For users whose role is `admin`; what they change is in force at once. To try it, "
    "make Alice one where the server runs: `leadnator-auth users set alice@example.com --role admin`.",
    "Operation": "What load balancers, supervisors and Prometheus ask; nobody needs a token for it. Let a proxy keep "
    "`/metrics` from the outside.",
}
"""What each group of operations is about."""

OPERATIONS: tuple[Operation, ...] = (
    *ACCOUNT_OPERATIONS,
    *SESSION_OPERATIONS,
    *ADMIN_OPERATIONS,
    Operation(
        method="GET",
        path="/healthz",
        handler=handlers.get_healthz,
        name="get_health",
        summary="Tell that the process is alive.",
        group="Operation",
        success=schemas.OK,
        example_answer={"ok": True},
    ),
    Operation(
        method="GET",
        path="/readyz",
        handler=handlers.get_readyz,
        name="get_readiness",
        summary="Tell that the database is within reach and its schema current.",
        group="Operation",
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(UnavailableError,),
    ),
    Operation(
        method="GET",
        path="/metrics",
        handler=get_metrics,
        summary="Return the figures of all processes in Prometheus's text format.",
        group="Operation",
        media_type="text/plain",
        success=schemas.METRICS,
        example_answer=_FIGURES,
    ),
)
