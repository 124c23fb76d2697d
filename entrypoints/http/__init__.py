"""The HTTP application: parses, calls one use case, answers. It decides nothing.

`create_app(ports)` is the application, to serve or to mount. The rest is for the routes of a host application:
`authenticate` says who sends a request, `TokenBackend` with `answer_refusal` does so for all routes behind Starlette's
AuthenticationMiddleware, and `problem_response` answers an AuthError or a RequestError as our own routes do.
"""

from leadnator_auth.entrypoints.http.app import create_app
from leadnator_auth.entrypoints.http.authentication import (
    AuthenticatedUser,
    TokenBackend,
    answer_refusal,
    authenticate,
    authenticate_any,
    authenticate_key,
)
from leadnator_auth.entrypoints.http.pages.site import Site
from leadnator_auth.entrypoints.http.problems import problem_response
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError, MissingTokenError, RequestError
from leadnator_auth.entrypoints.telemetry.metrics import Metrics

__all__ = [
    "AuthenticatedUser",
    "InvalidRequestError",
    "Metrics",
    "MissingTokenError",
    "RequestError",
    "Site",
    "TokenBackend",
    "answer_refusal",
    "authenticate",
    "authenticate_any",
    "authenticate_key",
    "create_app",
    "problem_response",
]
