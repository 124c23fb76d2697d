"""Accounts in a Flask application: views call use cases over a bridge, and are for users who are logged in.

    app = Flask(__name__)
    init_app(app, SyncBridge(Settings.read(os.environ)))

    @app.post("/login")
    def post_login() -> dict[str, str]:
        form = request.form
        return {"token": call(log_in(form.get("email"), form.get("password"), client=client(), ports=ports())).token}

    @app.get("/profile")
    @login_required
    def profile() -> dict[str, str]:
        return {"name": current_identity().user.name}

What a use case refuses is answered as a problem (RFC 9457), as the routes of ours do. A test hands over a world in
memory: `init_app(app, SyncBridge(lambda: nullcontext(memory_ports())))`.
"""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, current_app, g, request

from leadnator_auth.domain import (
    AuthError,
    Client,
    EmailNotVerifiedError,
    ForbiddenError,
    Identity,
    KeyIdentity,
    Ports,
    Role,
)
from leadnator_auth.entrypoints.embedding import SyncBridge
from leadnator_auth.entrypoints.http import MissingTokenError, RequestError
from leadnator_auth.integrations.answering import answer_to, client_at, identify_any_sender, identify_sender

__all__ = [
    "bridge",
    "call",
    "client",
    "current_caller",
    "current_identity",
    "init_app",
    "login_required",
    "optional_identity",
    "ports",
    "role_required",
    "verified_required",
]

_EXTENSION = "leadnator_auth"
Result = TypeVar("Result")
Parameters = ParamSpec("Parameters")


def init_app(app: Flask, bridge: SyncBridge) -> None:
    """Gives an application the bridge to the ports, and answers the errors of use cases in it.

    The bridge may be made before the server forks, as long as nothing uses it before.
    """
    app.extensions[_EXTENSION] = bridge
    app.register_error_handler(AuthError, _answer)
    app.register_error_handler(RequestError, _answer)


def bridge() -> SyncBridge:
    """Returns the bridge of the application that runs.

    Raises: RuntimeError when `init_app` was not called with it.
    """
    found: SyncBridge | None = current_app.extensions.get(_EXTENSION)
    if found is None:
        raise RuntimeError("this application has no accounts: call init_app(app, bridge)")
    return found


def ports() -> Ports:
    """Returns the ports of the application that runs, for a use case that is called over `call`."""
    return bridge().ports


def call(work: Coroutine[Any, Any, Result], *, timeout: float | None = None) -> Result:
    """Returns what a use case returns, or raises what it raises: `call(log_in(…, ports=ports()))`.

    Raises: what `SyncBridge.call` and the use case raise.
    """
    return bridge().call(work, timeout=timeout)


def client() -> Client:
    """Returns where the request comes from, for use cases that take a `client`."""
    return client_at(request.remote_addr, request.user_agent.string)


def current_identity(*, media: bool = False, verified: bool | None = None) -> Identity:
    """Returns the user and the session that the request is from; it is looked up once a request.

    With `media`, GET and HEAD take `?token=`, media tokens included: for views whose URLs stand in pages. `verified` is
    whether it must be proved that their address is theirs; else the setting decides.

    API keys are refused: `current_caller` takes them, too.

    Raises: MissingTokenError, InvalidTokenError, InvalidRequestError, EmailNotVerifiedError, SessionRequiredError,
    UnavailableError.
    """
    known = f"{_EXTENSION}_{media}_{verified}"
    if known not in g:
        path = f"{request.root_path}{request.path}"
        query = request.query_string.decode("latin-1")
        header = request.headers.get("Authorization")
        work = identify_sender(request.method, path, query, header, media=media, verified=verified, ports=ports())
        setattr(g, known, call(work))
    identity: Identity = getattr(g, known)
    return identity


def current_caller(scope: str | None, *, verified: bool | None = None) -> Identity | KeyIdentity:
    """Returns who sends the request, by a session or by an API key with a scope; with None, any key will do.

    Raises: InsufficientScopeError for a key without the scope, and what `current_identity` raises but for
    SessionRequiredError.
    """
    header = request.headers.get("Authorization")
    return call(identify_any_sender(header, scope, verified=verified, ports=ports()))


def optional_identity() -> Identity | None:
    """Returns the same, or None where no token was sent.

    Raises: what `current_identity` raises for a bad one.
    """
    try:
        return current_identity()
    except MissingTokenError:
        return None


def login_required(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Makes a view one for users who are logged in; below the decorator of its route."""
    return role_required(*Role)(view)


def verified_required(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Makes a view one for users whose address is proved to be theirs; below the decorator of its route."""
    return _for(view, _check_verified)


def role_required(*roles: Role) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Makes a view one for users who have one of these roles: `@role_required(Role.ADMIN)`, below its route."""

    def check(identity: Identity) -> None:
        if identity.user.role not in roles:
            raise ForbiddenError(identity.user.id)

    return lambda view: _for(view, check)


def _check_verified(identity: Identity) -> None:
    if not identity.user.is_email_verified:
        raise EmailNotVerifiedError(identity.user.id)


def _for(view: Callable[Parameters, Result], check: Callable[[Identity], None]) -> Callable[Parameters, Result]:
    """Makes a view one for users who pass a check."""

    @wraps(view)
    def checked(*args: Parameters.args, **named: Parameters.kwargs) -> Result:
        check(current_identity())
        result: Result = current_app.ensure_sync(view)(*args, **named)
        return result

    return checked


def _answer(error: AuthError | RequestError) -> Response:
    body, status, headers = answer_to(error)
    return Response(body, status, headers)
