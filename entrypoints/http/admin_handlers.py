"""The handlers for administrators: accounts of others, and what was done to them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import Actor, UserId, change_user, list_audit_entries, list_users, show_user
from leadnator_auth.domain import delete_user as delete
from leadnator_auth.entrypoints.admin_views import entry_view, user_view
from leadnator_auth.entrypoints.http.body import read_members
from leadnator_auth.entrypoints.http.context import done, identified, ports_of
from leadnator_auth.entrypoints.http.query import limit_of, parameter, refusing_bad_queries
from leadnator_auth.entrypoints.http.security_events import tell


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
