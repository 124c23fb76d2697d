"""Accounts in a FastAPI application: mounted beside its routes, which ask for the user by a dependency.

    app = FastAPI()
    mount_accounts(app, Settings.read(os.environ))

    @app.get("/notes")
    async def notes(identity: CurrentIdentity) -> dict[str, str]:
        return {"owner": identity.user.name}

Such a route has a security scheme in the host's OpenAPI document, and "Authorize" in its /docs takes the token of a
log-in. A test replaces the dependency, `app.dependency_overrides[current_identity] = …`, or opens a world in memory,
`mount_accounts(app, lambda: nullcontext(memory_ports()))`.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from leadnator_auth.domain import (
    AuthError,
    EmailNotVerifiedError,
    ForbiddenError,
    Identity,
    KeyIdentity,
    Ports,
    Role,
    User,
)
from leadnator_auth.entrypoints.embedding import Settings, running_ports
from leadnator_auth.entrypoints.http import MissingTokenError, RequestError, authenticate, authenticate_any, create_app
from leadnator_auth.integrations.answering import answer_to

__all__ = [
    "CurrentIdentity",
    "CurrentUser",
    "MediaIdentity",
    "OptionalIdentity",
    "VerifiedIdentity",
    "allow_api_keys",
    "bearer",
    "current_identity",
    "current_user",
    "media_identity",
    "mount_accounts",
    "optional_identity",
    "ports_of",
    "require_role",
    "verified_identity",
]

bearer = HTTPBearer(
    bearerFormat="JWT", scheme_name="accounts", description="The token of a sign-up or a log-in.", auto_error=False
)
"""The security scheme in the OpenAPI document; what it finds is not looked at, `authenticate` reads more strictly."""
_Scheme = Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]


def mount_accounts(
    app: FastAPI, source: Settings | Callable[[], AbstractAsyncContextManager[Ports]], *, prefix: str = "/accounts"
) -> None:
    """Mounts the accounts below a prefix, opens their ports for the lifetime of the host, and answers their errors.

    `source` are the settings of `running_ports`, or whatever else returns opened ports. They are open before the
    lifespan of the host begins, and until it has ended.
    """
    accounts = create_app()
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(host: FastAPI) -> AsyncIterator[Any]:  # what a lifespan yields is the host's
        async with running_ports(source) if isinstance(source, Settings) else source() as ports:
            host.state.accounts_ports = accounts.state.ports = ports
            host.state.accounts_prefix = prefix
            async with inner(host) as state:
                yield state

    app.router.lifespan_context = lifespan
    app.add_exception_handler(AuthError, _answer)
    app.add_exception_handler(RequestError, _answer)
    app.mount(prefix, accounts)


def ports_of(request: Request) -> Ports:
    """Returns the ports that are open in this application, for use cases that a route calls itself.

    Raises: RuntimeError when there are none.
    """
    ports: Ports | None = getattr(request.app.state, "accounts_ports", None)
    if ports is None:
        raise RuntimeError("no ports are open: call mount_accounts(app, …), and let the application's lifespan run")
    return ports


async def current_identity(request: Request, _: _Scheme) -> Identity:
    """Returns the user and the session that a request is from.

    API keys are refused: `allow_api_keys` takes them, too.

    Raises: MissingTokenError, InvalidTokenError, InvalidRequestError, EmailNotVerifiedError where verification is
    required, SessionRequiredError, UnavailableError; all are answered as problems.
    """
    return await authenticate(request, ports_of(request))


async def optional_identity(request: Request, _: _Scheme) -> Identity | None:
    """Returns the same, or None where no token was sent; a bad one is refused."""
    try:
        return await authenticate(request, ports_of(request))
    except MissingTokenError:
        return None


async def media_identity(request: Request, _: _Scheme) -> Identity:
    """Returns the same on routes whose URLs stand in pages: GET and HEAD take `?token=`, media tokens included."""
    return await authenticate(request, ports_of(request), media=True)


CurrentIdentity = Annotated[Identity, Depends(current_identity)]
"""A parameter of this type is who sends the request."""
OptionalIdentity = Annotated[Identity | None, Depends(optional_identity)]
"""The same, or None for who is not logged in."""
MediaIdentity = Annotated[Identity, Depends(media_identity)]
"""The same, on routes that take `?token=`."""


async def current_user(identity: CurrentIdentity) -> User:
    """Returns the user that a request is from; raises what `current_identity` raises."""
    return identity.user


CurrentUser = Annotated[User, Depends(current_user)]
"""A parameter of this type is the user who sends the request."""


async def verified_identity(identity: CurrentIdentity) -> Identity:
    """Returns the identity of somebody whose address is proved to be theirs.

    Raises: EmailNotVerifiedError, and what `current_identity` raises.
    """
    if not identity.user.is_email_verified:
        raise EmailNotVerifiedError(identity.user.id)
    return identity


VerifiedIdentity = Annotated[Identity, Depends(verified_identity)]
"""A parameter of this type is who sends the request, for whom it is proved that the address is theirs."""


def require_role(*roles: Role) -> Callable[[Identity], Coroutine[Any, Any, Identity]]:
    """Returns a dependency for users who have one of these roles: `Depends(require_role(Role.ADMIN))`.

    It raises ForbiddenError for all others, and what `current_identity` raises.
    """

    async def identity_with_role(identity: CurrentIdentity) -> Identity:
        if identity.user.role not in roles:
            raise ForbiddenError(identity.user.id)
        return identity

    return identity_with_role


def allow_api_keys(scope: str | None) -> Callable[..., Coroutine[Any, Any, Identity | KeyIdentity]]:
    """Returns a dependency for sessions, and for API keys with a scope: `Depends(allow_api_keys("reports"))`.

    With None, any key will do. It raises InsufficientScopeError for a key without the scope, and what
    `current_identity` raises but for SessionRequiredError.
    """

    async def identity_or_key(request: Request, _: _Scheme) -> Identity | KeyIdentity:
        return await authenticate_any(request, ports_of(request), scope)

    return identity_or_key


async def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, AuthError | RequestError)
    prefix: str = getattr(request.app.state, "accounts_prefix", "")
    body, status, headers = answer_to(error, f"{request.scope.get('root_path', '')}{prefix}")
    return Response(body, status, headers)
