"""Every operation of the API, once: routes, OpenAPI document and tests are all made from this tuple."""

from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.http import handlers, schemas
from leadnator_auth.entrypoints.http.account_operations import ACCOUNT_OPERATIONS
from leadnator_auth.entrypoints.http.admin_operations import ADMIN_OPERATIONS
from leadnator_auth.entrypoints.http.operation import Operation
from leadnator_auth.entrypoints.http.session_operations import SESSION_OPERATIONS

OPERATIONS: tuple[Operation, ...] = (
    *ACCOUNT_OPERATIONS,
    *SESSION_OPERATIONS,
    *ADMIN_OPERATIONS,
    Operation(
        method="GET",
        path="/healthz",
        handler=handlers.get_healthz,
        summary="Tell that the process is alive.",
        group="Operation",
        success=schemas.OK,
        example_answer={"ok": True},
    ),
    Operation(
        method="GET",
        path="/readyz",
        handler=handlers.get_readyz,
        summary="Tell that the database is within reach and its schema current.",
        group="Operation",
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(UnavailableError,),
    ),
)
