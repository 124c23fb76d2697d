"""Cross-origin requests (the Fetch standard) from the front ends an operator names."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from leadnator_auth.entrypoints.http.problems import problem_response
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError


def cors(origins: Sequence[str]) -> Middleware:
    """Returns the middleware that lets pages of these origins call us, without cookies."""
    return Middleware(
        _ProblemCORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"],
    )


class _ProblemCORSMiddleware(CORSMiddleware):
    """Refuses a preflight with a problem, as every other request is refused."""

    def preflight_response(self, request_headers: Headers) -> Response:
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        refusal = problem_response(InvalidRequestError())
        refusal.headers["Vary"] = "Origin"
        return refusal
