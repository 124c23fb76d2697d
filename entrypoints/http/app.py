"""Puts the application together: routes from the operations, errors from the table, middleware around both."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan, Receive, Scope, Send

from leadnator_auth.domain import AuthError, NotFoundError, Ports, UnavailableError
from leadnator_auth.entrypoints.http.cors import cors
from leadnator_auth.entrypoints.http.envelope import Envelope
from leadnator_auth.entrypoints.http.openapi import openapi_document
from leadnator_auth.entrypoints.http.operation import Handler
from leadnator_auth.entrypoints.http.operations import OPERATIONS
from leadnator_auth.entrypoints.http.pages import PAGES, reference_page
from leadnator_auth.entrypoints.http.problems import REFERENCE_PAGE, problem_response
from leadnator_auth.entrypoints.http.refusals import (
    InternalError,
    MethodNotAllowedError,
    RequestError,
)
from leadnator_auth.entrypoints.http.security_events import tell_refusal

_log = structlog.get_logger(__name__)


def create_app(
    ports: Ports | None = None,
    *,
    lifespan: Lifespan[Starlette] | None = None,
    cors_origins: Sequence[str] = (),
    public_url: str | None = None,
) -> Starlette:
    """Returns the application over these ports; without them, `lifespan` must set `app.state.ports`.

    `public_url` is where the OpenAPI document and the reference page say that it is served.
    """
    middleware = [Middleware(Envelope)]
    if cors_origins:
        middleware.append(cors(cors_origins))
    app = Starlette(
        routes=_routes(public_url),
        middleware=middleware,
        lifespan=lifespan,
        exception_handlers={
            AuthError: _answer_error,
            RequestError: _answer_error,
            HTTPException: _answer_http_exception,
        },
    )
    app.router.redirect_slashes = False
    app.state.ports = ports
    return app


def _routes(public_url: str | None) -> list[BaseRoute]:
    """Returns a route for each path, with all its methods: `Allow` must name them all."""
    handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
    for operation in OPERATIONS:
        handlers[operation.path][operation.method] = operation.handler
    document = openapi_document(public_url)

    async def get_openapi(request: Request) -> Response:
        return JSONResponse(document)

    handlers["/openapi.json"]["GET"] = get_openapi
    handlers[REFERENCE_PAGE]["GET"] = reference_page(public_url)
    for path, methods in PAGES.items():
        handlers[path].update(methods)
    return [Route(path, Resource(methods), methods=None) for path, methods in handlers.items()]


class Resource:
    """What is at one path: a handler for each method, HEAD like GET, and 405 for the rest."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = dict(handlers)
        if "GET" in handlers:
            self._handlers["HEAD"] = handlers["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("\n"):
            raise NotFoundError  # the "$" of a route's pattern matches before a last newline, too
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise MethodNotAllowedError({"Allow": ", ".join(sorted(self._handlers))})
        response = await handler(Request(scope, receive))
        await response(scope, receive, send)


async def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AuthError | RequestError)
    if isinstance(error, UnavailableError):
        _log.error("unavailable", error=str(error), request_id=request.state.request_id)
    tell_refusal(request, error)
    return problem_response(error)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Answers what Starlette itself refuses: only that no route matches."""
    assert isinstance(error, HTTPException)
    return problem_response(NotFoundError() if error.status_code == 404 else InternalError())
