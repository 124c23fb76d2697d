"""The templates of all pages, their style and scripts, and headers that let in nothing but these files of ours."""

from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from leadnator_auth.entrypoints.http.openapi.operation import Handler

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).with_name("files")
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


def page(request: Request, template: str, status: HTTPStatus = HTTPStatus.OK, **context: object) -> Response:
    """Returns an answer with a page that speaks for the site of the application.

    Its links are relative: they are right below any prefix, also one that a proxy strips without a word.
    """
    content = render(template, site=request.app.state.site, **context)
    return HTMLResponse(content, status.value, PAGE_HEADERS)


def render(template: str, **context: object) -> str:
    """Returns a page as HTML."""
    return _templates().get_template(template).render(context)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # not needed to start

    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset(name: str, media_type: str) -> Handler:
    """Returns the handler of one file, which browsers may keep for an hour."""
    content = (FOLDER / name).read_bytes()

    async def get_asset(request: Request) -> Response:
        return Response(content, media_type=media_type, headers={"Cache-Control": "public, max-age=3600"})

    return get_asset
