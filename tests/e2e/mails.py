"""Reads what a user would read in a mail."""

import re
from email.message import EmailMessage

_LINK = r"^https?://\S+[?&#]token={}_[A-Za-z0-9_-]{{43}}$"


def text_of(mail: EmailMessage) -> str:
    """Returns the text part, with the line ends of this machine."""
    body = mail.get_body(("plain",))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def reset_link(mail: EmailMessage) -> str:
    """Returns the link, which must stand whole on a line of its own."""
    return _link(mail, "reset")


def verification_link(mail: EmailMessage) -> str:
    """Returns the link that proves an address."""
    return _link(mail, "verify")


def link_in(mail: EmailMessage) -> str:
    """Returns the link, whatever it is for."""
    return _link(mail, "[a-z]+")


def _link(mail: EmailMessage, purpose: str) -> str:
    found = re.search(_LINK.format(purpose), text_of(mail), re.MULTILINE)
    assert found is not None
    return found[0]


def reset_secret(mail: EmailMessage) -> str:
    """Returns the token in the link."""
    return reset_link(mail).rpartition("token=")[2]
