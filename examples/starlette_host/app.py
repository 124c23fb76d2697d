"""A Starlette application with pages for its users and media files, and the accounts mounted beside them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from leadnator_auth.domain import AuthError, Ports, User
from leadnator_auth.entrypoints.embedding import Settings, running_ports
from leadnator_auth.entrypoints.http import RequestError, authenticate, create_app, problem_response

Page = Callable[[Request, User], Awaitable[Response]]


def login_required(page: Page, *, media: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """Hands the user to a page; who is not logged in gets the 401 that the accounts would answer."""

    async def endpoint(request: Request) -> Response:
        try:
            identity = await authenticate(request, request.app.state.ports, media=media)
        except (AuthError, RequestError) as error:
            return problem_response(error, "/accounts")
        return await page(request, identity.user)

    return endpoint


async def dashboard(request: Request, user: User) -> Response:
    return PlainTextResponse(f"Hello {user.name}\n")


async def media_file(request: Request, user: User) -> Response:
    return PlainTextResponse(f"{request.path_params['path']} for {user.name}\n")


def build(open_world: Callable[[], AbstractAsyncContextManager[Ports]]) -> Starlette:
    """Returns the application over the ports that are open while it is served."""
    accounts = create_app()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_world() as ports:
            app.state.ports = accounts.state.ports = ports
            yield

    return Starlette(
        routes=[
            Route("/dashboard", login_required(dashboard)),
            Route("/media/{path:path}", login_required(media_file, media=True)),
            Mount("/accounts", accounts),
        ],
        lifespan=lifespan,
    )


app = build(lambda: running_ports(Settings.read(os.environ)))
