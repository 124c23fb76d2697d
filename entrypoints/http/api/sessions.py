"""The calls for who is logged in already: sessions, log-out, change of password, media tokens."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    InvalidCredentialsError,
    LogOutScope,
    NotFoundError,
    OverloadedError,
    Session,
    TooManyRequestsError,
    change_password,
    end_session,
    issue_media_token,
    list_sessions,
    log_out,
)
from leadnator_auth.entrypoints.http.context import client_of, done, identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.http.reading.query import parameter
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError
from leadnator_auth.entrypoints.views import rfc3339


async def post_log_out(request: Request) -> Response:
    """POST /api/auth/logout"""
    identity = await identified(request)
    scope = _scope(request)
    await log_out(identity, scope, ports=ports_of(request))
    return done()


async def get_sessions(request: Request) -> Response:
    """GET /api/auth/sessions"""
    identity = await identified(request)
    sessions = await list_sessions(identity, ports=ports_of(request))
    return JSONResponse({"sessions": [_view(session, identity.session) for session in sessions]})


async def delete_session(request: Request) -> Response:
    """DELETE /api/auth/sessions/{id}"""
    identity = await identified(request)
    await end_session(identity, request.path_params["id"], ports=ports_of(request))
    return done()


async def post_change_password(request: Request) -> Response:
    """POST /api/auth/change-password"""
    identity = await identified(request)
    current_password, password = await read_fields(request, "current_password", "password")
    ports = ports_of(request)
    await change_password(identity, current_password, password, client_of(request), ports=ports)
    return done()


async def post_media_token(request: Request) -> Response:
    """POST /api/auth/media-token"""
    identity = await identified(request)
    (path,) = await read_fields(request, "path")
    issued = issue_media_token(identity, path, ports=ports_of(request))
    return JSONResponse({"token": issued.token, "expires_at": rfc3339(issued.expires_at)})


def _scope(request: Request) -> LogOutScope:
    given = parameter(request, "scope")
    if given is None:
        return LogOutScope.LOCAL
    try:
        return LogOutScope(given)
    except ValueError:
        raise InvalidRequestError from None


def _view(session: Session, current: Session) -> dict[str, str | bool]:
    return {
        "id": session.id,
        "created_at": rfc3339(session.created_at),
        "expires_at": rfc3339(session.expires_at),
        "ip": session.client.ip,
        "user_agent": session.client.user_agent,
        "is_current": session.id == current.id,
    }


GROUP = "Sessions"
_SESSION = {
    "id": "s_123",
    "created_at": "2026-01-01T12:00:00Z",
    "expires_at": "2026-01-08T12:00:00Z",
    "ip": "192.0.2.1",
    "user_agent": "curl/8.0",
    "is_current": True,
}

operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="POST",
        path="/api/auth/logout",
        handler=post_log_out,
        summary="End this session, all others, or all of them; their tokens are dead at once.",
        parameters=(
            Parameter(
                "scope",
                "query",
                {"type": "string", "enum": ["local", "others", "global"], "default": "local"},
                "local",
                "This session, every other one, or all of them.",
            ),
        ),
        for_unverified=True,
    ),
    operation(
        method="GET",
        path="/api/auth/sessions",
        handler=get_sessions,
        name="list_sessions",
        summary="List the sessions of the logged-in user, newest first.",
        success=schemas.closed({"sessions": {"type": "array", "items": schemas.SESSION}}),
        example_answer={"sessions": [_SESSION]},
    ),
    operation(
        method="DELETE",
        path="/api/auth/sessions/{id}",
        handler=delete_session,
        name="end_session",
        summary="End one session of the logged-in user.",
        parameters=(Parameter("id", "path", {"type": "string"}, "s_123", "The id of a session, as the list has it."),),
        refusals=(NotFoundError,),
    ),
    operation(
        method="POST",
        path="/api/auth/change-password",
        handler=post_change_password,
        summary="Set a new password; every other session ends and a notice is mailed.",
        body={"current_password": schemas.PASSWORD, "password": schemas.NEW_PASSWORD},
        example_body={"current_password": "minimum-6-chars", "password": "new-password"},
        refusals=(InvalidCredentialsError, TooManyRequestsError, OverloadedError),
    ),
    operation(
        method="POST",
        path="/api/auth/media-token",
        handler=post_media_token,
        name="create_media_token",
        summary="Get a token for ?token= on GET and HEAD below one path, good for about 3 minutes.",
        body={"path": schemas.MEDIA_PATH},
        example_body={"path": "/media/42"},
        success=schemas.closed({"token": schemas.TOKEN, "expires_at": schemas.INSTANT}),
        example_answer={"token": "eyJhbGciOi…", "expires_at": "2026-01-01T12:03:00Z"},
    ),
)
