"""The pages for people: the one that the mailed link opens, and the reference."""

from collections.abc import Mapping

from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.pages.assets import asset
from leadnator_auth.entrypoints.http.pages.reference import reference_page
from leadnator_auth.entrypoints.http.pages.reset_password import get_reset_page, post_reset_page

__all__ = ["PAGES", "reference_page"]

PAGES: Mapping[str, Mapping[str, Handler]] = {
    "/reset-password": {"GET": get_reset_page, "POST": post_reset_page},
    "/assets/page.css": {"GET": asset("page.css", "text/css")},
    "/assets/reference.css": {"GET": asset("reference.css", "text/css")},
    "/assets/reference.js": {"GET": asset("reference.js", "text/javascript")},
    "/assets/reset_password.js": {"GET": asset("reset_password.js", "text/javascript")},
}
