"""A FastAPI application whose routes ask for the user by a dependency."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response

from leadnator_auth.domain import AuthError, ForbiddenError, Identity, Ports, Role
from leadnator_auth.entrypoints.embedding import Settings, running_ports
from leadnator_auth.entrypoints.http import RequestError, authenticate, create_app, problem_response


async def current_identity(request: Request) -> Identity:
    """Returns the sender of the request; errors go to the handler below."""
    return await authenticate(request, request.app.state.ports)


CurrentIdentity = Annotated[Identity, Depends(current_identity)]


async def admin(identity: CurrentIdentity) -> Identity:
    """The same, for administrators only."""
    if identity.user.role is not Role.ADMIN:
        raise ForbiddenError
    return identity


async def answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, AuthError | RequestError)
    return problem_response(error)


def build(open_world: Callable[[], AbstractAsyncContextManager[Ports]]) -> FastAPI:
    """Returns the application over the ports that are open while it is served."""
    accounts = create_app()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_world() as ports:
            app.state.ports = accounts.state.ports = ports
            yield

    app = FastAPI(lifespan=lifespan, exception_handlers={AuthError: answer, RequestError: answer})

    @app.get("/notes")
    async def notes(identity: CurrentIdentity) -> dict[str, str]:
        return {"owner": identity.user.name}

    @app.get("/statistics", dependencies=[Depends(admin)])
    async def statistics() -> dict[str, int]:
        return {"notes": 0}

    app.mount("/accounts", accounts)
    return app


app = build(lambda: running_ports(Settings.read(os.environ)))
