"""The calls for administrators: accounts of others, and what was done to them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import Actor, UserId, change_user, list_audit_entries, list_users, show_user
from leadnator_auth.domain import delete_user as delete
from leadnator_auth.domain.entities.audit import AuditAction
from leadnator_auth.domain.entities.user import MAX_PLAN_LENGTH, Role, Status
from leadnator_auth.domain.errors import ForbiddenError, LastAdminError, NotFoundError, UnavailableError
from leadnator_auth.domain.values.paging import DEFAULT_PAGE_LENGTH, MAX_CURSOR_LENGTH, MAX_PAGE_LENGTH
from leadnator_auth.domain.values.search import MAX_SEARCH_LENGTH
from leadnator_auth.entrypoints.http.context import done, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import BAD_BODY, BAD_TOKEN, Operation, Parameter
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.reading.body import read_members
from leadnator_auth.entrypoints.http.reading.query import limit_of, parameter, refusing_bad_queries
from leadnator_auth.entrypoints.http.security_events import tell
from leadnator_auth.entrypoints.views import entry_view, user_view


async def get_users(request: Request) -> Response:
    """GET /api/admin/users"""
    actor = await _actor(request)
    query, cursor, limit = parameter(request, "query"), parameter(request, "cursor"), limit_of(request)
    with refusing_bad_queries():
        page = await list_users(actor, query or "", limit, cursor, ports=ports_of(request))
    return JSONResponse({"users": [user_view(user) for user in page.entries], "next_cursor": page.next_cursor})


async def get_user(request: Request) -> Response:
    """GET /api/admin/users/{id}"""
    actor = await _actor(request)
    user = await show_user(actor, _user_id(request), ports=ports_of(request))
    return JSONResponse({"user": user_view(user)})


async def patch_user(request: Request) -> Response:
    """PATCH /api/admin/users/{id}"""
    actor = await _actor(request)
    changes = await read_members(request, "name", "role", "plan", "status")
    changed = await change_user(actor, _user_id(request), changes, ports=ports_of(request))
    if changed.changes:
        fields = ",".join(change.field for change in changed.changes)
        tell(request, "user_changed", user=changed.user.id, actor=actor.name, fields=fields)
    return JSONResponse({"user": user_view(changed.user)})


async def delete_user(request: Request) -> Response:
    """DELETE /api/admin/users/{id}"""
    actor = await _actor(request)
    user = await delete(actor, _user_id(request), ports=ports_of(request))
    tell(request, "user_deleted", user=user.id, actor=actor.name)
    return done()


async def get_audit_entries(request: Request) -> Response:
    """GET /api/admin/audit"""
    actor = await _actor(request)
    user, cursor, limit = parameter(request, "user"), parameter(request, "cursor"), limit_of(request)
    with refusing_bad_queries():
        page = await list_audit_entries(actor, user, limit, cursor, ports=ports_of(request))
    return JSONResponse({"entries": [entry_view(entry) for entry in page.entries], "next_cursor": page.next_cursor})


async def _actor(request: Request) -> Actor:
    return Actor.through(await identified(request))


def _user_id(request: Request) -> UserId:
    return UserId(request.path_params["id"])


GROUP = "Administration"
_REFUSALS = (*BAD_TOKEN, ForbiddenError, UnavailableError)
_BOB = {
    "id": "u_123",
    "name": "Bob",
    "email": "bob@example.com",
    "role": "user",
    "plan": "Growth",
    "status": "active",
    "created_at": "2026-01-01T12:00:00Z",
}
_NEXT_CURSOR = "MjAyNi0wMS0wMVQxMjowMDowMCswMDowMCB1XzEyMw"

_BODY = {
    "name": schemas.NAME,
    "role": {"type": "string", "enum": [role.value for role in Role]},
    "plan": {"type": "string", "minLength": 1, "maxLength": MAX_PLAN_LENGTH, "pattern": schemas.NAME["pattern"]},
    "status": {"type": "string", "enum": [status.value for status in Status]},
}
_USER = schemas.closed(
    {
        **schemas.user("id", "name", "email", "role", "plan", "status")["properties"],
        "created_at": schemas.INSTANT,
    },
    title="ListedUser",
)
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_ENTRY = schemas.closed(
    {
        "at": schemas.INSTANT,
        "actor": {"type": "string", "description": 'The id of an admin, or "operator".'},
        "action": {"type": "string", "enum": [action.value for action in AuditAction]},
        "user": {"type": "string"},
        "changes": {
            "type": "object",
            "additionalProperties": schemas.closed({"old": _TEXT_OR_NULL, "new": _TEXT_OR_NULL}, title="Change"),
        },
    },
    title="AuditEntry",
)

_ID = Parameter("id", "path", {"type": "string"}, "u_123")
_LIMIT = Parameter(
    "limit",
    "query",
    {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_LENGTH, "default": DEFAULT_PAGE_LENGTH},
    str(DEFAULT_PAGE_LENGTH),
)
_CURSOR = Parameter(
    "cursor",
    "query",
    {"type": "string", "minLength": 1, "maxLength": MAX_CURSOR_LENGTH, "description": "The next_cursor of a page."},
    _NEXT_CURSOR,
)
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
_USER_FILTER = Parameter("user", "query", {"type": "string", "description": "The id of one account."}, "u_123")


def _list_of(name: str, item: Schema) -> Schema:
    next_cursor = {"type": ["string", "null"], "description": "Null on the last page."}
    return schemas.closed({name: {"type": "array", "items": item}, "next_cursor": next_cursor})


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/api/admin/users",
        handler=get_users,
        name="list_users",
        summary="List the users, newest first, or search among them.",
        group=GROUP,
        parameters=(_QUERY, _LIMIT, _CURSOR),
        success=_list_of("users", _USER),
        example_answer={"users": [_BOB], "next_cursor": _NEXT_CURSOR},
        refusals=_REFUSALS,
        needs_token=True,
    ),
    Operation(
        method="GET",
        path="/api/admin/users/{id}",
        handler=get_user,
        summary="Return a user.",
        group=GROUP,
        parameters=(_ID,),
        success=schemas.closed({"user": _USER}),
        example_answer={"user": _BOB},
        refusals=(*_REFUSALS, NotFoundError),
        needs_token=True,
    ),
    Operation(
        method="PATCH",
        path="/api/admin/users/{id}",
        handler=patch_user,
        name="change_user",
        summary="Change a user's name, role, plan or status, at once in force; a suspended user's sessions end.",
        group=GROUP,
        parameters=(_ID,),
        body=_BODY,
        is_patch=True,
        example_body={"plan": "Growth", "status": "active"},
        success=schemas.closed({"user": _USER}),
        example_answer={"user": _BOB},
        refusals=(*BAD_BODY, *_REFUSALS, NotFoundError, LastAdminError),
        needs_token=True,
    ),
    Operation(
        method="DELETE",
        path="/api/admin/users/{id}",
        handler=delete_user,
        summary="Delete a user with everything that belongs to them.",
        group=GROUP,
        parameters=(_ID,),
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(*_REFUSALS, NotFoundError, LastAdminError),
        needs_token=True,
    ),
    Operation(
        method="GET",
        path="/api/admin/audit",
        handler=get_audit_entries,
        name="list_audit_entries",
        summary="List who did what to which user, newest first.",
        group=GROUP,
        parameters=(_USER_FILTER, _LIMIT, _CURSOR),
        success=_list_of("entries", _ENTRY),
        example_answer={
            "entries": [
                {
                    "at": "2026-01-01T12:00:00Z",
                    "actor": "u_root",
                    "action": "user_changed",
                    "user": "u_123",
                    "changes": {"plan": {"old": "Starter", "new": "Growth"}},
                }
            ],
            "next_cursor": None,
        },
        refusals=_REFUSALS,
        needs_token=True,
    ),
)
