"""What all pages have in common: their templates, and headers that let nothing but our own files in."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leadnator_auth.entrypoints.http.pages.assets import FOLDER

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
}
TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
