"""The handlers for who is logged in already: sessions, log-out, change of password, media tokens."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    LogOutScope,
    Session,
    change_password,
    end_session,
    issue_media_token,
    list_sessions,
    log_out,
)
from leadnator_auth.entrypoints.http.body import read_fields
from leadnator_auth.entrypoints.http.context import client_of, done, identified, ports_of, rfc3339
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError
from leadnator_auth.entrypoints.http.security_events import tell


async def post_log_out(request: Request) -> Response:
    """POST /api/auth/logout"""
    identity = await identified(request)
    scope = _scope(request)
    await log_out(identity, scope, ports=ports_of(request))
    tell(request, "sessions_ended", user=identity.user.id, session=identity.session.id, scope=scope.value)
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
    tell(request, "session_ended", user=identity.user.id, session=request.path_params["id"])
    return done()


async def post_change_password(request: Request) -> Response:
    """POST /api/auth/change-password"""
    identity = await identified(request)
    current_password, password = await read_fields(request, "current_password", "password")
    ports = ports_of(request)
    await change_password(identity, current_password, password, client_of(request), ports=ports)
    tell(request, "password_changed", user=identity.user.id, session=identity.session.id)
    return done()


async def post_media_token(request: Request) -> Response:
    """POST /api/auth/media-token"""
    identity = await identified(request)
    (path,) = await read_fields(request, "path")
    issued = issue_media_token(identity, path, ports=ports_of(request))
    return JSONResponse({"token": issued.token, "expires_at": rfc3339(issued.expires_at)})


def _scope(request: Request) -> LogOutScope:
    given = request.query_params.getlist("scope")
    if not given:
        return LogOutScope.LOCAL
    try:
        (scope,) = given
        return LogOutScope(scope)
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
