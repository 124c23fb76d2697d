"""The pages for people: those that mailed links open, the one at `/`, and the reference."""

from collections.abc import Mapping

from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.pages.mailed_links import LINK_PAGES
from leadnator_auth.entrypoints.http.pages.rendering import asset

__all__ = ["PAGES", "REFERENCE_ASSETS"]

PAGES: Mapping[str, Mapping[str, Handler]] = {
    **{page.path: {"GET": page.get, "POST": page.post} for page in LINK_PAGES},
    "/assets/page.css": {"GET": asset("page.css", "text/css")},
    "/assets/passkeys.js": {"GET": asset("passkeys.js", "text/javascript")},
    "/assets/reset_password.js": {"GET": asset("reset_password.js", "text/javascript")},
}
REFERENCE_ASSETS: Mapping[str, Mapping[str, Handler]] = {
    "/assets/reference.css": {"GET": asset("reference.css", "text/css")},
    "/assets/reference.js": {"GET": asset("reference.js", "text/javascript")},
}
