"""Who mails come from: an address, and perhaps the name that people see (RFC 5322 section 3.4)."""

import re
import unicodedata

import attrs

from leadnator_auth.entrypoints.settings.values import HOST_NAME

# RFC 5321 section 4.1.2: no dot at an end of the local part, and no two in a row.
_LOCAL_PART = re.compile(r"(?=.{1,64}$)[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_NAMED = re.compile(r"(?P<name>[^<>]*?|\"(?:[^\"\\]|\\.)*\")\s*<(?P<address>[^<>]*)>")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")
_NEEDS_QUOTES = frozenset('()[]:;@\\,"')
"""RFC 5322 section 3.2.3; the dot, which it has among them, stands in many names without."""
_ENCODED_WORD = "=?"
"""Mail programs would show what it stands for (RFC 2047)."""
_JOINERS = "\u200c\u200d"
"""They have no shape and change that of their neighbours: a name may need them."""
_MAX_ADDRESS_LENGTH, _MAX_NAME_LENGTH = 254, 200


@attrs.frozen
class Sender:
    """An address that mails come from; `name` is empty where people see the address alone."""

    address: str
    name: str = ""


def mail_from(text: str) -> str:
    """Returns a sender as it was written, once it is one that mails can come from.

    Raises: ValueError.
    """
    read_sender(text)
    return text


def read_sender(text: str) -> Sender:
    """Returns the sender that is written as `no-reply@acme.example` or `Acme <no-reply@acme.example>`.

    Raises: ValueError.
    """
    named = _NAMED.fullmatch(text)
    if named is None:
        return Sender(_address(text))
    return Sender(_address(named["address"]), _name(named["name"].strip()))


def _address(text: str) -> str:
    """Returns an address; unlike a user's it may be at a bare host name."""
    local_part, _, domain = text.rpartition("@")
    is_address = _LOCAL_PART.fullmatch(local_part) and HOST_NAME.fullmatch(domain)
    if not is_address or len(text) > _MAX_ADDRESS_LENGTH:
        raise ValueError
    return text


def _name(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    name = re.sub(r"\\(.)", r"\1", quoted[1]).strip() if quoted else text
    if not quoted and not _NEEDS_QUOTES.isdisjoint(text):
        raise ValueError
    if len(name) > _MAX_NAME_LENGTH or _ENCODED_WORD in name or not all(map(_can_be_shown, name)):
        raise ValueError
    return unicodedata.normalize("NFC", name)


def _can_be_shown(character: str) -> bool:
    return character.isprintable() or character in _JOINERS
