"""The page to set a new password, over the same use case as the API."""

from leadnator_auth.domain import Client, MailedLink, Ports, look_at_reset_link, reset_password, was_password_reset
from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.entrypoints.http.pages.link_page import Fields, LinkPage


async def _look(token: RawField, ports: Ports) -> MailedLink:
    return await look_at_reset_link(token, ports=ports)


async def _reset(fields: Fields, client: Client, ports: Ports) -> None:
    token, password, revoke_all = fields
    await reset_password(token, password, client, revoke_all=revoke_all is not None, ports=ports)


async def _was_reset(fields: Fields, client: Client, ports: Ports) -> bool:
    token, password, _ = fields
    return await was_password_reset(token, password, client, ports=ports)


RESET_PASSWORD = LinkPage(
    "/reset-password", "reset_password.html", ("password", "revoke_all"), _look, _reset, _was_reset
)
