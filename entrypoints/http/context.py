"""The parts of a request that handlers need besides its body: whose it is above all; and the shortest answer."""

from collections.abc import Awaitable
from functools import wraps
from typing import NamedTuple

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    Actor,
    Client,
    Identity,
    InvalidTokenError,
    KeyIdentity,
    Ports,
    Scope,
    identify,
    identify_any,
    identify_key_for,
)
from leadnator_auth.domain.entities.api_key import is_api_key
from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError, MissingTokenError

_FOR_UNVERIFIED = "for_unverified"


def ports_of(request: Request) -> Ports:
    """Returns the ports the application was given."""
    ports: Ports = request.app.state.ports
    return ports


def client_of(request: Request) -> Client:
    """Returns where the request came from."""
    ip = request.client.host if request.client else ""
    return Client(ip=ip, user_agent=request.headers.get("user-agent", ""))


class Bearer(NamedTuple):
    """An access token or an API key (RFC 6750), and the way it was sent."""

    token: str
    in_query: bool

    def __repr__(self) -> str:
        return f"Bearer(in_query={self.in_query})"


def bearer_of(request: HTTPConnection, *, allow_query: bool = True) -> Bearer:
    """Returns the token in the Authorization header or, on GET and HEAD only, in the query.

    Where the query is not allowed it is ignored: `token` may mean something else there. An empty token counts as none.
    An API key in the query is refused, however good it is: URLs are logged and passed on, and keys live long.

    Raises: InvalidRequestError when there are two, MissingTokenError when there is none, a scheme without one included,
    InvalidTokenError for an API key in the query.
    """
    headers = [value for name, value in request.scope["headers"] if name == b"authorization"]
    has_query = allow_query and request.scope["query_string"]
    in_query = [token for token in request.query_params.getlist("token") if token] if has_query else []
    if len(headers) + len(in_query) > 1:
        raise InvalidRequestError
    if headers:
        return Bearer(_from_header(headers[0]), in_query=False)
    if in_query and request.scope.get("method") in ("GET", "HEAD"):
        if is_api_key(in_query[0]):
            raise InvalidTokenError("an API key in a URL")
        return Bearer(in_query[0], in_query=True)
    raise MissingTokenError


def _from_header(header: bytes) -> str:
    scheme, _, rest = header.strip(b" \t").partition(b" ")
    if scheme.lower() != b"bearer":
        raise MissingTokenError
    if not (token := rest.strip(b" ").decode("latin-1")):
        raise MissingTokenError
    return token


def identified(request: Request) -> Awaitable[Identity]:
    """Returns the sender of the request, who may do what its operation does; API keys are refused.

    Raises: what `bearer_of` and `identify` raise.
    """
    return identify(bearer_of(request).token, verified=_verified(request), ports=ports_of(request))


def identified_by_any(request: Request) -> Awaitable[Identity | KeyIdentity]:
    """Returns the sender of the request, by a session or by any API key.

    Raises: what `bearer_of` and `identify_any` raise.
    """
    return identify_any(bearer_of(request).token, verified=_verified(request), ports=ports_of(request))


async def require_scope(request: Request, scope: Scope) -> KeyIdentity:
    """Returns the API key with this scope that sends the request; sessions are refused.

    Raises: what `bearer_of` and `identify_key_for` raise.
    """
    return await identify_key_for(scope, bearer_of(request).token, verified=_verified(request), ports=ports_of(request))


def _verified(request: Request) -> bool | None:
    return False if _FOR_UNVERIFIED in request.scope["state"] else None


def for_unverified(handler: Handler) -> Handler:
    """Returns a handler in which `identified` lets those in who have yet to prove their address."""

    @wraps(handler)
    async def letting_in(request: Request) -> Response:
        request.scope["state"][_FOR_UNVERIFIED] = True
        return await handler(request)

    return letting_in


async def actor_of(request: Request) -> Actor:
    """Returns the sender of the request as somebody who administers; whether they may is for the use case to decide.

    Raises: what `identified` raises.
    """
    return Actor.through(await identified(request))


def done() -> Response:
    """Returns the answer of an operation that has nothing else to say."""
    return JSONResponse({"ok": True})
