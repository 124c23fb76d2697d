"""Takes apart every URL of the settings that may hold a password.

It is strict, and its errors never quote: in a URL that can be read in two ways, what one of them takes for a port or a
path may be half of a password.
"""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import unquote

import attrs

ENCODING = (
    "within a user name, a password, a path or a parameter write % as %25, @ as %40, / as %2F, : as %3A, ? as %3F, "
    "# as %23, & as %26, [ as %5B, ] as %5D and a blank as %20"
)
_QUOTATION_MARKS = "\"'`\u201c\u201d\u2018\u2019"
_QUOTED = "leave out the quotation marks around it"
# RFC 3986 section 3: the authority ends at the first of these, whatever was meant.
_AFTER_AUTHORITY = re.compile(r"([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?")
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?")
_MAX_PORT = 65_535


class UrlError(ValueError):
    """A text is no URL of this kind, or could be read in two ways; the message says why, and never quotes it."""


@attrs.frozen
class Host:
    """Where a server listens."""

    name: str
    """A name, an address without brackets, or the absolute path of the folder of a Unix socket."""
    port: int | None

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name and not self.name.startswith("/") else self.name
        return name if self.port is None else f"{name}:{self.port}"


@attrs.frozen
class UrlParts:
    """The parts of a URL: user and password decoded, what follows the hosts as it is."""

    scheme: str
    user: str | None
    password: str | None = attrs.field(repr=False)
    hosts: tuple[Host, ...]
    """None at all where nothing is between the user and the path."""
    path: str
    query: str | None = attrs.field(repr=False)
    fragment: str | None


def split_url(text: str, schemes: Collection[str]) -> UrlParts:
    """Returns the parts of a URL with one of these schemes.

    Raises: UrlError.
    """
    if text[:1] in _QUOTATION_MARKS:
        raise UrlError(_QUOTED)
    scheme, _, rest = text.partition("://")
    scheme = scheme.lower()
    if scheme not in schemes:
        raise UrlError
    if not text.isprintable() or any(character.isspace() for character in text):
        raise UrlError(ENCODING)
    match = _AFTER_AUTHORITY.fullmatch(rest)
    if match is None:  # cannot be: the pattern has a place for each character
        raise UrlError
    authority, path, query, fragment = match.groups()
    if authority.count("@") > 1 or any("@" in (part or "") for part in (path, query, fragment)):
        raise UrlError(ENCODING)
    login, at, hosts = authority.rpartition("@")
    user, colon, password = login.partition(":")
    return UrlParts(
        scheme,
        user=decoded(user) if at and user else None,
        password=decoded(password) if colon else None,
        hosts=read_hosts(hosts) if hosts else (),
        path=path,
        query=query,
        fragment=fragment,
    )


def one_host(parts: UrlParts) -> Host:
    """Returns the host of a URL that takes one.

    Raises: UrlError.
    """
    if len(parts.hosts) != 1 or parts.hosts[0].name.startswith("/"):
        raise UrlError("it takes one host")
    return parts.hosts[0]


def check_unquoted(text: str) -> None:
    """Raises: UrlError where a text stands between quotation marks, which a file of variables may not know as such."""
    if len(text) > 1 and text[0] in _QUOTATION_MARKS and text[-1] in _QUOTATION_MARKS:
        raise UrlError(_QUOTED)


def decoded(text: str) -> str:
    """Returns what percent-encoded text stands for.

    Raises: UrlError.
    """
    if _BAD_ESCAPE.search(text) or "[" in text or "]" in text:
        raise UrlError(ENCODING)
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UrlError("what is written in it as %XX is no UTF-8") from None
    if "\0" in plain:
        raise UrlError("it holds U+0000")
    return plain


def read_hosts(text: str) -> tuple[Host, ...]:
    """Returns hosts that are separated by commas, each perhaps with its port.

    Raises: UrlError.
    """
    return tuple(_host(each) for each in text.split(","))


def read_port(text: str) -> int:
    """Returns the number of a port.

    Raises: UrlError.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_MAX_PORT)) and 0 < int(text) <= _MAX_PORT):
        raise UrlError(f"its port is no number from 1 to {_MAX_PORT}; {ENCODING}")
    return int(text)


def _host(text: str) -> Host:
    if text.startswith("/"):
        return Host(decoded(text), None)
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed:
        _check_ipv6(bracketed[1])
        return Host(bracketed[1], None if bracketed[2] is None else read_port(bracketed[2]))
    encoded, colon, port = text.partition(":")
    name = decoded(encoded)
    _check_name(name)
    return Host(name, read_port(port) if colon else None)


def _check_ipv6(text: str) -> None:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        raise UrlError(f"what is in its brackets is no IPv6 address; {ENCODING}") from None


def _check_name(name: str) -> None:
    try:
        is_name = bool(_HOST_NAME.fullmatch(name)) and (name.isascii() or bool(name.encode("idna")))
    except UnicodeError:
        is_name = False
    if not is_name and not name.startswith("/"):
        raise UrlError(f"its host is none; {ENCODING}")
