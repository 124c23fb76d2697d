"""Parsers of what mail is sent over: each returns the value or raises ValueError."""

import ipaddress

import attrs

from leadnator_auth.entrypoints.settings.url_parts import ENCODING, UrlError, one_host, split_url
from leadnator_auth.entrypoints.settings.values import HOST_NAME


@attrs.frozen
class SmtpUrl:
    """The parts of an SMTP URL; `scheme` says how the connection is protected."""

    scheme: str
    host: str
    port: int | None
    username: str | None
    password: str | None = attrs.field(repr=False)


def smtp_url(text: str) -> SmtpUrl:
    """Returns the parts of an SMTP URL."""
    parts = split_url(text, ("smtp", "smtp+starttls", "smtps"))
    if parts.path not in ("", "/") or parts.query is not None or parts.fragment is not None:
        raise UrlError(ENCODING)
    host = one_host(parts)
    return SmtpUrl(parts.scheme, host.name, host.port, parts.user, parts.password or None)


def smtp_ehlo(text: str) -> str:
    """Returns a name for EHLO: a host name or an address literal (RFC 5321 section 4.1.3)."""
    if not HOST_NAME.fullmatch(text) or text.rpartition(".")[2].isdecimal():  # an address without its brackets
        _check_address_literal(text)
    return text


def _check_address_literal(text: str) -> None:
    if not (text.startswith("[") and text.endswith("]")):
        raise ValueError
    address = text[1:-1]
    if "%" in address:  # a zone, which is of one machine alone
        raise ValueError
    if address.lower().startswith("ipv6:"):
        ipaddress.IPv6Address(address[5:])
    else:
        ipaddress.IPv4Address(address)
