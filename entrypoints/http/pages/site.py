"""For whom the pages speak."""

import attrs


@attrs.frozen
class Site:
    """What an operator says of the service to its users; `app.state.site` of an application."""

    app_name: str = "leadnator-auth"
    """What pages call it."""
    login_url: str | None = attrs.field(default=None)
    """Where "Log in" leads; without it, pages lead to `/`."""

    @login_url.validator
    def _leads_to_a_page(self, attribute: "attrs.Attribute[str | None]", value: str | None) -> None:
        if value is not None and not value.startswith(("https://", "http://", "/")):
            raise ValueError("a login_url begins with https://, http:// or /")
