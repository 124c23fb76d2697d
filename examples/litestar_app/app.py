"""A Litestar application whose handlers ask for the user by a dependency, beside the mounted accounts."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar, Request, Response, asgi, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.types import Receive, Scope, Send

from leadnator_auth.domain import AuthError, Identity, InvalidTokenError, Ports, identify
from leadnator_auth.entrypoints.embedding import Settings, running_ports
from leadnator_auth.entrypoints.http import create_app


async def current_identity(request: Request[None, None, State], state: State) -> Identity:
    """Returns the sender of the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidTokenError("no token")
    ports: Ports = state.ports
    return await identify(token, ports=ports)


@get("/orders", dependencies={"identity": Provide(current_identity)})
async def orders(identity: NamedDependency[Identity]) -> dict[str, str]:
    return {"customer": identity.user.name}


def refused(request: Request[None, None, State], error: AuthError) -> Response[dict[str, str]]:
    return Response({"code": error.code}, status_code=401 if isinstance(error, InvalidTokenError) else 503)


def build(open_world: Callable[[], AbstractAsyncContextManager[Ports]]) -> Litestar:
    """Returns the application over the ports that are open while it is served."""
    accounts = create_app()

    @asgi("/accounts", is_mount=True, copy_scope=True)
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        scope["path"] = scope["path"].rstrip("/")  # Litestar adds one, which would be another path to the accounts
        await accounts(scope, receive, send)  # type: ignore[arg-type]  # two names for one ASGI

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_world() as ports:
            app.state.ports = accounts.state.ports = ports
            yield

    return Litestar([orders, mounted], lifespan=[lifespan], exception_handlers={AuthError: refused})


app = build(lambda: running_ports(Settings.read(os.environ)))
