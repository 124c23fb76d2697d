"""Puts the application together: routes from the operations, errors from the table, middleware around both."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from leadnator_auth.domain import AuthError, NotFoundError, Ports, UnavailableError
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.middleware.cors import cors
from leadnator_auth.entrypoints.http.middleware.counting import counted
from leadnator_auth.entrypoints.http.middleware.envelope import Envelope
from leadnator_auth.entrypoints.http.openapi.document import openapi_document
from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.pages import PAGES, reference_page
from leadnator_auth.entrypoints.http.problems import REFERENCE_PAGE, problem_response
from leadnator_auth.entrypoints.http.reading.ambiguity import check_unambiguous
from leadnator_auth.entrypoints.http.refusals import (
    MethodNotAllowedError,
    RequestError,
)
from leadnator_auth.entrypoints.http.security_events import log_refusal
from leadnator_auth.entrypoints.telemetry.metrics import UNMATCHED, Metrics

_log = structlog.get_logger(__name__)


class AuthApplication(Starlette):
    """A Starlette application whose errors are answered where they are raised.

    What Starlette puts around every application for errors is not needed then, and would cost each request as much as
    all of its routing.
    """

    def build_middleware_stack(self) -> ASGIApp:
        app: ASGIApp = FixedPaths(self.routes, self.router)
        for middleware, positional, named in reversed(self.user_middleware):
            app = middleware(app, *positional, **named)
        metrics: Metrics = self.state.metrics
        return Envelope(app, metrics.count_request)


def create_app(
    ports: Ports | None = None,
    *,
    lifespan: Lifespan[Starlette] | None = None,
    cors_origins: Sequence[str] = (),
    public_url: str | None = None,
    metrics: Metrics | None = None,
    layers: Sequence[Middleware] = (),
) -> Starlette:
    """Returns the application over these ports; without them, `lifespan` must set `app.state.ports`.

    `public_url` is where the OpenAPI document and the reference page say that it is served. `metrics` keeps count of
    the requests, for GET /metrics to tell. `layers` are put around the whole, the first outermost.
    """
    metrics = metrics or Metrics()
    middleware = [*layers, *([cors(cors_origins)] if cors_origins else [])]
    app = AuthApplication(routes=_routes(public_url, metrics), middleware=middleware, lifespan=lifespan)
    app.router.redirect_slashes = False
    app.router.default = Resource(UNMATCHED, {})
    app.state.ports = ports
    app.state.metrics = metrics
    return app


def _routes(public_url: str | None, metrics: Metrics) -> list[BaseRoute]:
    """Returns a route for each path, with all its methods: `Allow` must name them all."""
    handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
    for operation in OPERATIONS:
        handlers[operation.path][operation.method] = counted(operation, operation.handler, metrics)
    handlers["/openapi.json"]["GET"] = _openapi(public_url)
    handlers[REFERENCE_PAGE]["GET"] = reference_page(public_url)
    for path, methods in PAGES.items():
        handlers[path].update(methods)
    # The page's form does what the operation does, by another way in.
    reset = next(operation for operation in OPERATIONS if operation.name == "reset_password")
    handlers["/reset-password"]["POST"] = counted(reset, handlers["/reset-password"]["POST"], metrics)
    return [Route(path, Resource(path, methods), methods=None) for path, methods in handlers.items()]


def _openapi(public_url: str | None) -> Handler:
    @cache
    def document() -> Response:
        return JSONResponse(openapi_document(public_url))

    async def get_openapi(request: Request) -> Response:
        return document()

    return get_openapi


class FixedPaths:
    """Finds what is at a path without a parameter by one look-up, where a router tries its routes in turn."""

    def __init__(self, routes: Sequence[BaseRoute], router: ASGIApp) -> None:
        self._apps = {route.path: route.app for route in routes if isinstance(route, Route) and "{" not in route.path}
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Below a host application's prefix, which is part of the path, the router knows what to do.
        is_at_root = scope["type"] == "http" and not scope.get("root_path")
        app = self._apps.get(scope["path"]) if is_at_root else None
        await (app or self._router)(scope, receive, send)


class Resource:
    """What is at one path: a handler for each method, HEAD like GET, and 405 for the rest; 404 without any."""

    def __init__(self, path: str, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = dict(handlers)
        if "GET" in handlers:
            self._handlers["HEAD"] = handlers["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        scope["state"]["route"] = self._path  # for those around it to count by
        request = Request(scope, receive)
        try:
            check_unambiguous(scope)
            response = await self._handler(scope)(request)
        except (AuthError, RequestError) as error:
            response = _answer_error(request, error)
        await response(scope, receive, send)

    def _handler(self, scope: Scope) -> Handler:
        if not self._handlers:
            raise NotFoundError
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise MethodNotAllowedError({"Allow": ", ".join(sorted(self._handlers))})
        return handler


def _answer_error(request: Request, error: AuthError | RequestError) -> Response:
    if isinstance(error, UnavailableError):
        _log.error("unavailable", error=str(error), request_id=request.state.request_id)
    log_refusal(request, error)
    return problem_response(error)
