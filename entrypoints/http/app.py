"""Puts the application together: routes from the operations, errors from the table, middleware around both."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from leadnator_auth.domain import (
    AuthError,
    EmailNotVerifiedError,
    InvalidTokenError,
    NotFoundError,
    Ports,
    SessionRequiredError,
    UnavailableError,
)
from leadnator_auth.entrypoints.background.revocation_watch import RevocationWatch
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.context import for_unverified
from leadnator_auth.entrypoints.http.location import base_path, checked_prefix, located
from leadnator_auth.entrypoints.http.middleware.cors import cors
from leadnator_auth.entrypoints.http.middleware.counting import counted
from leadnator_auth.entrypoints.http.middleware.envelope import Envelope, answer_internal_error
from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.pages import PAGES, REFERENCE_ASSETS
from leadnator_auth.entrypoints.http.pages.home import home_page
from leadnator_auth.entrypoints.http.pages.site import Site
from leadnator_auth.entrypoints.http.problems import REFERENCE_PAGE, problem_response
from leadnator_auth.entrypoints.http.reading.ambiguity import check_unambiguous
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError, MethodNotAllowedError, RequestError
from leadnator_auth.entrypoints.http.security_events import log_refusal
from leadnator_auth.entrypoints.http.surface import METRICS_PATH, Surface, get_openapi, get_reference
from leadnator_auth.entrypoints.telemetry.metrics import UNMATCHED, Metrics

_log = structlog.get_logger(__name__)


class AuthApplication(Starlette):
    """A Starlette application whose errors are answered where they are raised.

    What Starlette puts around every application for errors is not needed then, and would cost each request as much as
    all of its routing.
    """

    prefix = ""
    across_origins: Callable[[ASGIApp], ASGIApp] = staticmethod(lambda app: app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (self.prefix or scope.get("root_path")) and scope["type"] == "http":
            scope = located(scope, self.prefix)
        scope["app"] = self
        if self.middleware_stack is None:
            self.middleware_stack = self.build_middleware_stack()
        await self.middleware_stack(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        app = self.across_origins(FixedPaths(self.routes, self.router))
        for middleware, positional, named in reversed(self.user_middleware):
            app = middleware(app, *positional, **named)
        metrics: Metrics = self.state.metrics
        return Envelope(app, metrics.count_request, self.across_origins(answer_internal_error))


def create_app(
    ports: Ports | None = None,
    *,
    prefix: str = "",
    metrics: Metrics | bool | None = None,
    docs: bool = True,
    lifespan: Lifespan[Starlette] | None = None,
    cors_origins: Sequence[str] = (),
    public_url: str | None = None,
    layers: Sequence[Middleware] = (),
) -> Starlette:
    """Returns the application over these ports; without them, `lifespan` must set `app.state.ports`.

    It follows the root path that it is mounted at; `prefix` is for a host that does not tell one. `public_url` is where
    the OpenAPI document and the reference page say that it is served. `metrics` is whether there is a GET /metrics, by
    default only at the root of a server, or what counts the requests for it. Without `docs` there are no /docs and
    /openapi.json. `layers` are put around the whole, the first outermost. `app.state.site` is what pages say of it.

    Raises: ValueError for a prefix that no path can begin with.
    """
    figures = metrics if isinstance(metrics, Metrics) else Metrics()
    surface = Surface(public_url, docs, metrics if isinstance(metrics, bool | None) else True)
    app = AuthApplication(routes=_routes(surface, figures), middleware=layers, lifespan=lifespan)
    app.prefix = checked_prefix(prefix)
    if cors_origins:
        app.across_origins = cors(cors_origins)
    app.router.redirect_slashes = False
    app.router.default = Resource(UNMATCHED, {})
    app.state.ports = ports
    app.state.metrics = figures
    app.state.site = Site()
    app.state.surface = surface
    app.state.revocations = RevocationWatch()
    return app


def _routes(surface: Surface, metrics: Metrics) -> list[BaseRoute]:
    """Returns a route for each path, with all its methods: `Allow` must name them all."""
    handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
    for operation in surface.operations(base=""):
        handler = for_unverified(operation.handler) if operation.for_unverified else operation.handler
        handlers[operation.path][operation.method] = counted(operation, handler, metrics)
    documents = {"/openapi.json": {"GET": get_openapi}, REFERENCE_PAGE: {"GET": get_reference}, **REFERENCE_ASSETS}
    for path, methods in {**PAGES, **(documents if surface.has_docs else {})}.items():
        handlers[path].update(methods)
    handlers["/"]["GET"] = home_page(has_docs=surface.has_docs)
    # The page's form does what the operation does, by another way in.
    reset = next(operation for operation in OPERATIONS if operation.name == "reset_password")
    handlers["/reset-password"]["POST"] = counted(reset, handlers["/reset-password"]["POST"], metrics)
    only_at_root = {METRICS_PATH} if surface.has_metrics is None else set()
    by_401 = {operation.path for operation in OPERATIONS if operation.refuses_by_401}
    return [
        Route(
            path,
            Resource(path, methods, only_at_root=path in only_at_root, refuses_by_401=path in by_401),
            methods=None,
        )
        for path, methods in handlers.items()
    ]


class FixedPaths:
    """Finds what is at a path without a parameter by one look-up, where a router tries its routes in turn."""

    def __init__(self, routes: Sequence[BaseRoute], router: ASGIApp) -> None:
        self._apps = {route.path: route.app for route in routes if isinstance(route, Route) and "{" not in route.path}
        self._router = router

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        app = None
        if scope["type"] == "http":
            # `located` made sure that the path begins with the root path.
            root_path = scope.get("root_path")
            app = self._apps.get(scope["path"].removeprefix(root_path) if root_path else scope["path"])
        return (app or self._router)(scope, receive, send)


class Resource:
    """What is at one path: a handler for each method, HEAD like GET, and 405 for the rest; 404 without any.

    `only_at_root` leaves it out below the path of a host application; with `refuses_by_401` nobody who is refused for
    what they are, or for what they sent, gets another status.
    """

    def __init__(
        self, path: str, handlers: Mapping[str, Handler], *, only_at_root: bool = False, refuses_by_401: bool = False
    ) -> None:
        self._path = path
        self._only_at_root = only_at_root
        self._refuses_by_401 = refuses_by_401
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
            # A proxy that asks without the body may leave the length of the body in.
            check_unambiguous(scope, of_any_length=self._refuses_by_401)
            response = await self._handler(scope)(request)
        except (AuthError, RequestError) as error:
            response = _answer_error(request, _as_bad_token(error) if self._refuses_by_401 else error)
        await response(scope, receive, send)

    def _handler(self, scope: Scope) -> Handler:
        if not self._handlers or (self._only_at_root and base_path(scope)):
            raise NotFoundError
        handler = self._handlers.get(scope["method"])
        if handler is None:
            raise MethodNotAllowedError({"Allow": ", ".join(sorted(self._handlers))})
        return handler


def _as_bad_token(error: AuthError | RequestError) -> AuthError | RequestError:
    if isinstance(error, InvalidRequestError):
        return InvalidTokenError("two credentials, or another contradiction")
    if isinstance(error, EmailNotVerifiedError | SessionRequiredError):
        return InvalidTokenError(error.code)
    return error


def _answer_error(request: Request, error: AuthError | RequestError) -> Response:
    if isinstance(error, UnavailableError):
        _log.error("unavailable", error=str(error), request_id=request.state.request_id)
    log_refusal(request, error)
    return problem_response(error, base_path(request.scope))
