"""Cross-origin requests (the Fetch standard) from the front ends an operator names."""

import re
from collections.abc import Callable, Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from leadnator_auth.entrypoints.http.location import base_path
from leadnator_auth.entrypoints.http.problems import problem_response
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError

METHODS = ["GET", "HEAD", "POST", "PATCH", "DELETE"]
EXPOSED_HEADERS = ["X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate"]
ALWAYS_ALLOWED = ["authorization", "content-type"]
MAX_AGE_SECONDS = 7200
"""The longest that any browser but Firefox remembers a preflight."""
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")


def cors(origins: Sequence[str]) -> Callable[[ASGIApp], ASGIApp]:
    """Returns what lets pages of these origins call an application; cookies are not for us."""
    return lambda app: _CrossOrigin(app, origins)


class _CrossOrigin(CORSMiddleware):
    """Lets a page of a named origin send any header, and refuses a preflight as everything else is refused here."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=frozenset(origins),
            allow_methods=METHODS,
            allow_headers=["*"],
            # The operator named the origin, wherever it is: a page from the internet may call a server at home.
            allow_private_network=True,
            expose_headers=EXPOSED_HEADERS,
            max_age=MAX_AGE_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_preflight(scope):
            answer = self.preflight_response(Headers(scope=scope))
            await (answer if answer.status_code == 200 else _refusal(scope))(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        # Of http and https, browsers send lower case; whether they do of other schemes depends on the browser.
        of_the_web = origin.lower().startswith(("http:", "https:"))
        return (origin if of_the_web else origin.lower()) in self.allow_origins

    def preflight_response(self, request_headers: Headers) -> Response:
        asked = ",".join(request_headers.getlist("access-control-request-headers")).lower()
        names = [name.strip(" \t") for name in asked.split(",")] if asked else ALWAYS_ALLOWED
        if not all(map(_FIELD_NAME.fullmatch, names)):
            return Response(status_code=400)
        answer = super().preflight_response(request_headers)
        # Not "*", which does not stand for Authorization.
        answer.headers["Access-Control-Allow-Headers"] = ", ".join(names)
        answer.headers["Vary"] = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        return answer


def _refusal(scope: Scope) -> Response:
    refusal = problem_response(InvalidRequestError(), base_path(scope))
    refusal.headers["Vary"] = "Origin"
    return refusal


def _is_preflight(scope: Scope) -> bool:
    if scope["method"] != "OPTIONS":
        return False
    names = {name for name, _ in scope["headers"]}
    return b"origin" in names and b"access-control-request-method" in names
