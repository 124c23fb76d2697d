"""The page at `/`: what this is, that it runs, and where to go."""

from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.pages.rendering import page


def home_page(*, has_docs: bool) -> Handler:
    """Returns the handler of GET /, which asks nothing of the database."""

    async def get_home(request: Request) -> Response:
        return page(request, "home.html", has_docs=has_docs)

    return get_home
