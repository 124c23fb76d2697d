"""The page to prove that an address is one's own, over the same use case as the API."""

from leadnator_auth.domain import Client, LinkState, MailedLink, Ports, look_at_verification_link, verify_email
from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.entrypoints.http.pages.link_page import Fields, LinkPage


async def _look(token: RawField, ports: Ports) -> MailedLink:
    return await look_at_verification_link(token, ports=ports)


async def _verify(fields: Fields, client: Client, ports: Ports) -> None:  # client: as the pages' actions are called
    (token,) = fields
    await verify_email(token, ports=ports)


async def _was_verified(fields: Fields, client: Client, ports: Ports) -> bool:  # client: as above
    (token,) = fields
    return (await look_at_verification_link(token, ports=ports)).state is LinkState.USED


VERIFY_EMAIL = LinkPage("/verify-email", "verify_email.html", (), _look, _verify, _was_verified)
