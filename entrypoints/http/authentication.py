"""Authentication for the routes of a host application."""

import attrs
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, BaseUser
from starlette.requests import HTTPConnection
from starlette.responses import Response

from leadnator_auth.domain import (
    AuthError,
    EmailNotVerifiedError,
    Identity,
    InvalidTokenError,
    KeyIdentity,
    Ports,
    SessionRequiredError,
    UnavailableError,
    identify,
    identify_any,
    identify_for_media,
    identify_key_for,
)
from leadnator_auth.entrypoints.http.context import bearer_of
from leadnator_auth.entrypoints.http.problems import problem_response
from leadnator_auth.entrypoints.http.reading.ambiguity import has_ambiguous_path
from leadnator_auth.entrypoints.http.refusals import MissingTokenError, RequestError


async def authenticate(
    request: HTTPConnection, ports: Ports, *, media: bool = False, verified: bool | None = None
) -> Identity:
    """Returns the sender of a request to a route of a host application.

    The token is taken from the Authorization header only. A route for media, whose URLs are part of pages, says
    `media=True`: there a GET or HEAD may carry `?token=` instead, an access token or a media token for its path.

    With `verified=True` the sender has proved that the address of the account is theirs, with `verified=False` perhaps
    not; else the setting decides, LEADNATOR_EMAIL_VERIFICATION.

    API keys are refused: `authenticate_any` takes them, too.

    Raises: MissingTokenError, InvalidTokenError, InvalidRequestError, EmailNotVerifiedError, SessionRequiredError,
    UnavailableError.
    """
    bearer = bearer_of(request, allow_query=media)
    if bearer.in_query:
        return await identify_for_media(bearer.token, _unambiguous_path(request), verified=verified, ports=ports)
    return await identify(bearer.token, verified=verified, ports=ports)


async def authenticate_key(
    request: HTTPConnection, ports: Ports, scope: str, *, verified: bool | None = None
) -> KeyIdentity:
    """Returns the API key that sends a request to a route that is for keys with a scope alone.

    The key is taken from the Authorization header only; `verified` is what it is for `authenticate`.

    Raises: MissingTokenError, InvalidTokenError, InvalidRequestError, EmailNotVerifiedError, InsufficientScopeError for
    another key and for a session, UnavailableError.
    """
    bearer = bearer_of(request, allow_query=False)
    return await identify_key_for(scope, bearer.token, verified=verified, ports=ports)


async def authenticate_any(
    request: HTTPConnection, ports: Ports, scope: str | None, *, verified: bool | None = None
) -> Identity | KeyIdentity:
    """Returns the sender of a request to a route that is for sessions, and for API keys with a scope.

    With None as the scope, any key will do. The rest is as for `authenticate_key`.

    Raises: MissingTokenError, InvalidTokenError, InvalidRequestError, EmailNotVerifiedError, InsufficientScopeError,
    UnavailableError.
    """
    bearer = bearer_of(request, allow_query=False)
    return await identify_any(bearer.token, scope=scope, verified=verified, ports=ports)


def _unambiguous_path(request: HTTPConnection) -> str:
    """Returns the decoded path, or an empty one, for which no media token is made."""
    return "" if has_ambiguous_path(request.scope) else request.scope["path"]


@attrs.frozen
class AuthenticatedUser(BaseUser):
    """The user in `request.user`."""

    who: Identity

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def display_name(self) -> str:
        return self.who.user.name

    @property
    def identity(self) -> str:
        return self.who.user.id


class RefusedError(AuthenticationError):
    """A credential was sent and is no good; `cause` says why."""

    def __init__(self, cause: AuthError | RequestError) -> None:
        super().__init__(cause.code)
        self.cause = cause


class TokenBackend(AuthenticationBackend):
    """The backend for Starlette's AuthenticationMiddleware over our tokens.

        Middleware(AuthenticationMiddleware, backend=TokenBackend(ports), on_error=answer_refusal)

    A request without a token passes through unauthenticated: `@requires("authenticated")` stops it. The scopes are
    "authenticated" and the user's role, and "verified" if their address is. With `media`, every route behind it takes
    `?token=` on GET and HEAD; `verified` is what it is for `authenticate`.
    """

    def __init__(self, ports: Ports, *, media: bool = False, verified: bool | None = None) -> None:
        self._ports = ports
        self._media = media
        self._verified = verified

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        try:
            identity = await authenticate(conn, self._ports, media=self._media, verified=self._verified)
        except MissingTokenError:
            return None
        except (
            InvalidTokenError,
            EmailNotVerifiedError,
            SessionRequiredError,
            UnavailableError,
            RequestError,
        ) as error:
            raise RefusedError(error) from error
        scopes = ["authenticated", identity.user.role.value, *(["verified"] if identity.user.is_email_verified else [])]
        return AuthCredentials(scopes), AuthenticatedUser(identity)


def answer_refusal(conn: HTTPConnection, error: Exception, base_path: str = "") -> Response:
    """Returns the problem to answer a refusal with, for the `on_error` of Starlette's AuthenticationMiddleware.

    It is a handler for AuthError and RequestError in Starlette's `exception_handlers`, too. Where we are mounted,
    `partial(answer_refusal, base_path="/accounts")` makes it point to our reference page.
    """
    cause = error.cause if isinstance(error, RefusedError) else error
    return problem_response(cause if isinstance(cause, AuthError | RequestError) else InvalidTokenError(), base_path)
