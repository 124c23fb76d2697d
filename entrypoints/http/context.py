"""The parts of a request that handlers need besides its body, and the shortest answer."""

from collections.abc import Awaitable
from functools import wraps

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    Actor,
    Client,
    Identity,
    KeyIdentity,
    Ports,
    Scope,
    identify,
    identify_any,
    identify_key_for,
)
from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.reading.bearer import bearer_of

_FOR_UNVERIFIED = "for_unverified"


def ports_of(request: Request) -> Ports:
    """Returns the ports the application was given."""
    ports: Ports = request.app.state.ports
    return ports


def client_of(request: Request) -> Client:
    """Returns where the request came from."""
    ip = request.client.host if request.client else ""
    return Client(ip=ip, user_agent=request.headers.get("user-agent", ""))


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
