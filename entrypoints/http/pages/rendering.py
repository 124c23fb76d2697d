"""The templates of all pages, and headers that let in nothing but our own files."""

from functools import cache
from typing import TYPE_CHECKING

from leadnator_auth.entrypoints.http.pages.assets import FOLDER

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}


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
