"""The pages to confirm a new address and to take a change back, over the same use cases as the API."""

from leadnator_auth.domain import (
    Client,
    LinkState,
    MailedLink,
    Ports,
    confirm_email,
    look_at_confirmation_link,
    look_at_undo_link,
    undo_email_change,
)
from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.entrypoints.http.pages.link_page import Fields, LinkPage


async def _look_at_confirmation(token: RawField, ports: Ports) -> MailedLink:
    return await look_at_confirmation_link(token, ports=ports)


async def _confirm(fields: Fields, client: Client, ports: Ports) -> None:  # client: as the pages' actions are called
    (token,) = fields
    await confirm_email(token, ports=ports)


async def _was_confirmed(fields: Fields, client: Client, ports: Ports) -> bool:  # client: as above
    (token,) = fields
    return (await look_at_confirmation_link(token, ports=ports)).state is LinkState.USED


async def _look_at_undo(token: RawField, ports: Ports) -> MailedLink:
    return await look_at_undo_link(token, ports=ports)


async def _undo(fields: Fields, client: Client, ports: Ports) -> None:  # client: as above
    (token,) = fields
    await undo_email_change(token, ports=ports)


async def _was_undone(fields: Fields, client: Client, ports: Ports) -> bool:  # client: as above
    (token,) = fields
    return (await look_at_undo_link(token, ports=ports)).state is LinkState.USED


CONFIRM_EMAIL = LinkPage("/confirm-email", "confirm_email.html", (), _look_at_confirmation, _confirm, _was_confirmed)
UNDO_EMAIL_CHANGE = LinkPage("/undo-email-change", "undo_email_change.html", (), _look_at_undo, _undo, _was_undone)
