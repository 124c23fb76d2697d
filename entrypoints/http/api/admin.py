"""The calls for administrators: accounts of others, and what was done to them."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import UserId, change_user, list_events, list_users, show_user
from leadnator_auth.domain import delete_user as delete
from leadnator_auth.domain.entities.event import HAPPENINGS
from leadnator_auth.domain.entities.user import MAX_PLAN_LENGTH, Role, Status
from leadnator_auth.domain.errors import EmailTakenError, ForbiddenError, LastAdminError, NotFoundError
from leadnator_auth.domain.values.search import MAX_SEARCH_LENGTH
from leadnator_auth.entrypoints.http.context import actor_of, done, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.lists import CURSOR, LIMIT, NEXT_CURSOR, page_of
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.reading.body import read_members
from leadnator_auth.entrypoints.http.reading.query import limit_of, parameter, refusing_bad_queries
from leadnator_auth.entrypoints.views import account_view, event_view


async def get_users(request: Request) -> Response:
    """GET /api/admin/users"""
    actor = await actor_of(request)
    query, cursor, limit = parameter(request, "query"), parameter(request, "cursor"), limit_of(request)
    with refusing_bad_queries():
        page = await list_users(actor, query or "", limit, cursor, ports=ports_of(request))
    return JSONResponse({"users": [account_view(user) for user in page.entries], "next_cursor": page.next_cursor})


async def get_user(request: Request) -> Response:
    """GET /api/admin/users/{id}"""
    actor = await actor_of(request)
    user = await show_user(actor, _user_id(request), ports=ports_of(request))
    return JSONResponse({"user": account_view(user)})


async def patch_user(request: Request) -> Response:
    """PATCH /api/admin/users/{id}"""
    actor = await actor_of(request)
    changes = await read_members(request)
    changed = await change_user(actor, _user_id(request), changes, ports=ports_of(request))
    return JSONResponse({"user": account_view(changed.user)})


async def delete_user(request: Request) -> Response:
    """DELETE /api/admin/users/{id}"""
    actor = await actor_of(request)
    await delete(actor, _user_id(request), ports=ports_of(request))
    return done()


async def get_events(request: Request) -> Response:
    """GET /api/admin/events"""
    actor = await actor_of(request)
    user_id, event_type = parameter(request, "user_id"), parameter(request, "type")
    cursor, limit = parameter(request, "cursor"), limit_of(request)
    with refusing_bad_queries():
        page = await list_events(actor, user_id, event_type, limit, cursor, ports=ports_of(request))
    return JSONResponse({"events": [event_view(event) for event in page.entries], "next_cursor": page.next_cursor})


def _user_id(request: Request) -> UserId:
    return UserId(request.path_params["id"])


GROUP = "Administration"
_BOB = {**schemas.EXAMPLE_ACCOUNT, "name": "Bob", "email": "bob@example.com", "plan": "Growth"}

_BODY = {
    "name": schemas.NAME,
    "email": schemas.EMAIL,
    "role": {"type": "string", "enum": [role.value for role in Role]},
    "plan": {"type": "string", "minLength": 1, "maxLength": MAX_PLAN_LENGTH, "pattern": schemas.NAME["pattern"]},
    "status": {"type": "string", "enum": [status.value for status in Status]},
    "email_verified": {"type": "boolean"},
    "app_metadata": schemas.METADATA,
}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_EVENT_TYPES = [event_type.value for event_type in HAPPENINGS]
_EVENT = schemas.closed(
    {
        "id": {"type": "string", "pattern": "^e_"},
        "type": {"type": "string", "enum": _EVENT_TYPES},
        "at": schemas.INSTANT,
        "user_id": {"type": "string"},
        "actor": {"type": "string", "description": 'The id of an account, or "operator".'},
        "data": {"type": "object", "additionalProperties": _TEXT_OR_NULL},
    },
    title="Event",
)

_ID = Parameter("id", "path", {"type": "string"}, "u_123")
_QUERY = Parameter(
    "query",
    "query",
    {
        "type": "string",
        "maxLength": MAX_SEARCH_LENGTH,
        "description": "A part of the name or the e-mail address in any letter case, or the whole id.",
    },
    "bob",
)
_USER_FILTER = Parameter("user_id", "query", {"type": "string", "description": "The id of one account."}, "u_123")
_TYPE_FILTER = Parameter("type", "query", {"type": "string", "enum": _EVENT_TYPES}, "user.updated")


operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="GET",
        path="/api/admin/users",
        handler=get_users,
        name="list_users",
        summary="List the users, newest first, or search among them.",
        parameters=(_QUERY, LIMIT, CURSOR),
        success=page_of("users", schemas.ACCOUNT),
        example_answer={"users": [_BOB], "next_cursor": NEXT_CURSOR},
        refusals=(ForbiddenError,),
    ),
    operation(
        method="GET",
        path="/api/admin/users/{id}",
        handler=get_user,
        summary="Return a user.",
        parameters=(_ID,),
        success=schemas.closed({"user": schemas.ACCOUNT}),
        example_answer={"user": _BOB},
        refusals=(ForbiddenError, NotFoundError),
    ),
    operation(
        method="PATCH",
        path="/api/admin/users/{id}",
        handler=patch_user,
        name="change_user",
        summary="Change a user, in force at once; a suspended user's sessions end.",
        parameters=(_ID,),
        body=_BODY,
        is_patch=True,
        example_body={"plan": "Growth", "status": "active"},
        success=schemas.closed({"user": schemas.ACCOUNT}),
        example_answer={"user": _BOB},
        refusals=(ForbiddenError, NotFoundError, LastAdminError, EmailTakenError),
    ),
    operation(
        method="DELETE",
        path="/api/admin/users/{id}",
        handler=delete_user,
        summary="Delete a user with everything that belongs to them.",
        parameters=(_ID,),
        refusals=(ForbiddenError, NotFoundError, LastAdminError),
    ),
    operation(
        method="GET",
        path="/api/admin/events",
        handler=get_events,
        name="list_events",
        summary="List what happened to the accounts, newest first.",
        parameters=(_USER_FILTER, _TYPE_FILTER, LIMIT, CURSOR),
        success=page_of("events", _EVENT),
        example_answer={
            "events": [
                {
                    "id": "e_123",
                    "type": "user.updated",
                    "at": "2026-01-01T12:00:00Z",
                    "user_id": "u_123",
                    "actor": "u_root",
                    "data": {"fields": "plan", "plan": "Growth", "old_plan": "Starter"},
                }
            ],
            "next_cursor": None,
        },
        refusals=(ForbiddenError,),
    ),
)
