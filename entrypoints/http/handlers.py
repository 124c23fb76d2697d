"""The handlers of the five calls of the contract, and of the probes: each reads, calls one use case and answers."""

from json.encoder import encode_basestring as _quoted

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    User,
    log_in,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.entrypoints.http.body import read_fields
from leadnator_auth.entrypoints.http.context import client_of, done, identified, ports_of
from leadnator_auth.entrypoints.http.security_events import tell


async def post_sign_up(request: Request) -> Response:
    """POST /api/auth/signup"""
    name, email, password = await read_fields(request, "name", "email", "password")
    signed_in = await sign_up(name, email, password, client_of(request), ports=ports_of(request))
    tell(request, "signed_up", user=signed_in.user.id, session=signed_in.session.id)
    user = user_view(signed_in.user, "id", "name", "email", "role", "plan", "status")
    return JSONResponse({"token": signed_in.token, "user": user})


async def post_log_in(request: Request) -> Response:
    """POST /api/auth/login"""
    email, password = await read_fields(request, "email", "password")
    signed_in = await log_in(email, password, client_of(request), ports=ports_of(request))
    tell(request, "logged_in", user=signed_in.user.id, session=signed_in.session.id)
    return JSONResponse({"token": signed_in.token, "user": user_view(signed_in.user, "id", "name", "role")})


async def get_me(request: Request) -> Response:
    """GET /api/auth/me"""
    user = (await identified(request)).user
    # What every other service asks for all the time: half of answering it would be a general encoder's work.
    content = (
        f'{{"user":{{"id":{_quoted(user.id)},"name":{_quoted(user.name)},"email":{_quoted(user.email.typed)},'
        f'"role":{_quoted(user.role.value)},"plan":{_quoted(user.plan)}}}}}'
    )
    return Response(content, media_type="application/json")


async def post_forgot_password(request: Request) -> Response:
    """POST /api/auth/forgot-password"""
    (email,) = await read_fields(request, "email")
    await request_password_reset(email, client_of(request), ports=ports_of(request))
    tell(request, "link_requested")
    return done()


async def post_reset_password(request: Request) -> Response:
    """POST /api/auth/reset-password"""
    token, password = await read_fields(request, "token", "password")
    user = await reset_password(token, password, client_of(request), ports=ports_of(request))
    tell(request, "password_reset", user=user.id)
    return done()


async def get_healthz(request: Request) -> Response:
    """GET /healthz: the process answers."""
    return done()


async def get_readyz(request: Request) -> Response:
    """GET /readyz: the database answers, too, and has the current schema."""
    await ports_of(request).readiness.check()
    return done()


def user_view(user: User, *members: str) -> dict[str, str]:
    """Returns these members of a user as JSON has them."""
    view = {
        "id": user.id,
        "name": user.name,
        "email": user.email.typed,
        "role": user.role.value,
        "plan": user.plan,
        "status": user.status.value,
    }
    return {member: view[member] for member in members}
