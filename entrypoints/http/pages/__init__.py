"""The pages for people: those that mailed links open, the one at `/`, and the reference."""

from collections.abc import Mapping

from leadnator_auth.entrypoints.http.openapi.operation import Handler
from leadnator_auth.entrypoints.http.pages.assets import asset
from leadnator_auth.entrypoints.http.pages.email_change import CONFIRM_EMAIL, UNDO_EMAIL_CHANGE
from leadnator_auth.entrypoints.http.pages.reset_password import RESET_PASSWORD
from leadnator_auth.entrypoints.http.pages.verify_email import VERIFY_EMAIL

__all__ = ["PAGES", "REFERENCE_ASSETS"]

PAGES: Mapping[str, Mapping[str, Handler]] = {
    **{
        page.path: {"GET": page.get, "POST": page.post}
        for page in (RESET_PASSWORD, VERIFY_EMAIL, CONFIRM_EMAIL, UNDO_EMAIL_CHANGE)
    },
    "/assets/page.css": {"GET": asset("page.css", "text/css")},
    "/assets/passkeys.js": {"GET": asset("passkeys.js", "text/javascript")},
    "/assets/reset_password.js": {"GET": asset("reset_password.js", "text/javascript")},
}
REFERENCE_ASSETS: Mapping[str, Mapping[str, Handler]] = {
    "/assets/reference.css": {"GET": asset("reference.css", "text/css")},
    "/assets/reference.js": {"GET": asset("reference.js", "text/javascript")},
}
