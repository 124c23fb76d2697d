"""The pages for people: those that mailed links open, the one at `/`, and the reference."""

from collections.abc import Mapping

from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.pages.assets import asset
from leadnator_auth.entrypoints.http.pages.reset_password import RESET_PASSWORD
from leadnator_auth.entrypoints.http.pages.verify_email import VERIFY_EMAIL

__all__ = ["PAGES", "REFERENCE_ASSETS"]

PAGES: Mapping[str, Mapping[str, Handler]] = {
    RESET_PASSWORD.path: {"GET": RESET_PASSWORD.get, "POST": RESET_PASSWORD.post},
    VERIFY_EMAIL.path: {"GET": VERIFY_EMAIL.get, "POST": VERIFY_EMAIL.post},
    "/assets/page.css": {"GET": asset("page.css", "text/css")},
    "/assets/reset_password.js": {"GET": asset("reset_password.js", "text/javascript")},
}
REFERENCE_ASSETS: Mapping[str, Mapping[str, Handler]] = {
    "/assets/reference.css": {"GET": asset("reference.css", "text/css")},
    "/assets/reference.js": {"GET": asset("reference.js", "text/javascript")},
}
