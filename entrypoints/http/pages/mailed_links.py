"""The pages that mailed links open, over the same use cases as the API."""

from collections.abc import Awaitable, Callable

from leadnator_auth.domain import (
    Client,
    LinkState,
    MailedLink,
    Ports,
    confirm_email,
    look_at_confirmation_link,
    look_at_reset_link,
    look_at_undo_link,
    look_at_verification_link,
    reset_password,
    undo_email_change,
    verify_email,
    was_password_reset,
)
from leadnator_auth.entrypoints.http.pages.link_page import Fields, LinkPage


async def _reset(fields: Fields, client: Client, ports: Ports) -> None:
    token, password, revoke_all = fields
    await reset_password(token, password, client, revoke_all=revoke_all is not None, ports=ports)


async def _was_reset(fields: Fields, client: Client, ports: Ports) -> bool:
    token, password, _ = fields
    return await was_password_reset(token, password, client, ports=ports)


def _confirming(
    path: str, template: str, look_at: Callable[..., Awaitable[MailedLink]], use: Callable[..., Awaitable[object]]
) -> LinkPage:
    """Returns a page that asks for nothing but to be confirmed: the token is all that its use case takes."""

    async def act(fields: Fields, client: Client, ports: Ports) -> None:
        (token,) = fields
        await use(token, ports=ports)

    async def was_done(fields: Fields, client: Client, ports: Ports) -> bool:
        (token,) = fields
        return (await look_at(token, ports=ports)).state is LinkState.USED

    return LinkPage(path, template, (), look_at, act, was_done)


LINK_PAGES = (
    LinkPage(
        "/reset-password", "reset_password.html", ("password", "revoke_all"), look_at_reset_link, _reset, _was_reset
    ),
    _confirming("/verify-email", "verify_email.html", look_at_verification_link, verify_email),
    _confirming("/confirm-email", "confirm_email.html", look_at_confirmation_link, confirm_email),
    _confirming("/undo-email-change", "undo_email_change.html", look_at_undo_link, undo_email_change),
)
