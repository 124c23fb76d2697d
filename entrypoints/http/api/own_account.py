"""The calls for one's own account: see it, change it, delete it, take all that is kept along."""

from functools import partial

from starlette.requests import Request
from starlette.responses import ContentStream, JSONResponse, Response, StreamingResponse

from leadnator_auth.domain import change_account, export_account, show_account
from leadnator_auth.domain import delete_account as delete
from leadnator_auth.domain.entities.rate_limit import TooManyRequestsError
from leadnator_auth.domain.errors import LastAdminError, StepUpRequiredError
from leadnator_auth.entrypoints.http.account_file import EXAMPLE, EXPORT, written
from leadnator_auth.entrypoints.http.context import done, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import read_members
from leadnator_auth.entrypoints.views import account_view


async def get_account(request: Request) -> Response:
    """GET /api/auth/account"""
    user = await show_account(await identified(request), ports=ports_of(request))
    return JSONResponse({"account": account_view(user)})


async def patch_account(request: Request) -> Response:
    """PATCH /api/auth/account"""
    identity = await identified(request)
    changes = await read_members(request)
    user = await change_account(identity, changes, ports=ports_of(request))
    return JSONResponse({"account": account_view(user)})


async def delete_account(request: Request) -> Response:
    """DELETE /api/auth/account"""
    await delete(await identified(request), ports=ports_of(request))
    return done()


async def get_export(request: Request) -> Response:
    """GET /api/auth/account/export"""
    export = await export_account(await identified(request), ports=ports_of(request))
    headers = {"Content-Disposition": 'attachment; filename="account.json"'}
    # Nobody knows the length before it is written: it is not told for HEAD, either (RFC 9110 section 8.6).
    content: ContentStream = () if request.method == "HEAD" else written(export)
    return StreamingResponse(content, headers=headers, media_type="application/json")


GROUP = "Own account"

operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="GET",
        path="/api/auth/account",
        handler=get_account,
        name="show_account",
        summary="Return the account of the logged-in user, with its metadata.",
        success=schemas.closed({"account": schemas.ACCOUNT}),
        example_answer={"account": schemas.EXAMPLE_ACCOUNT},
        for_unverified=True,
    ),
    operation(
        method="PATCH",
        path="/api/auth/account",
        handler=patch_account,
        name="change_account",
        summary="Change the name, or replace the metadata that the application keeps for its user.",
        body={"name": schemas.NAME, "user_metadata": schemas.METADATA},
        is_patch=True,
        example_body={"user_metadata": {"theme": "dark"}},
        success=schemas.closed({"account": schemas.ACCOUNT}),
        example_answer={"account": schemas.EXAMPLE_ACCOUNT},
        refusals=(TooManyRequestsError,),
    ),
    operation(
        method="DELETE",
        path="/api/auth/account",
        handler=delete_account,
        summary="Delete the account with everything that belongs to it; takes a recent log-in or step-up.",
        refusals=(StepUpRequiredError, LastAdminError),
        for_unverified=True,
    ),
    operation(
        method="GET",
        path="/api/auth/account/export",
        handler=get_export,
        name="export_account",
        summary="Return all that is kept about the account, as a file; takes a recent log-in or step-up.",
        success=EXPORT,
        example_answer=EXAMPLE,
        refusals=(StepUpRequiredError,),
        for_unverified=True,
    ),
)
