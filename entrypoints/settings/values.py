"""Parsers of single settings: each returns the value or raises ValueError."""

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta

import attrs

from leadnator_auth.domain import RateLimit
from leadnator_auth.domain.values.text import is_blank, is_control
from leadnator_auth.entrypoints.settings.url_parts import (
    ENCODING,
    Host,
    UrlError,
    UrlParts,
    check_unquoted,
    split_url,
)

MIN_SECRET_BYTES = 32
SAFE_BCRYPT_COST = 10
"""OWASP Password Storage Cheat Sheet: the least work factor for bcrypt. Less is taken, with a warning."""
MOST_TRIES = 1_000_000
"""In the period of a limit."""
MAX_APP_NAME_LENGTH = 64
_MAX_IDENTIFIER_BYTES = 63
"""PostgreSQL cuts off what is beyond (NAMEDATALEN)."""
_IPV4_MAPPED_PREFIX = 96
"""RFC 4291 section 2.5.5.2: what follows it is an IPv4 address."""
TEN_YEARS = 315_360_000
_UNITS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86_400, "day": 86_400}
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLACEHOLDER = re.compile(r"\{(?:token|public_url)\}|(\{[^{}]*\}?|\})")
"""One that is filled in, or in the group whatever else looks like one."""
# An encoded slash, backslash or dot is in no path that we serve, and braces are filled in where links are made.
_SERVED_PATH = re.compile(r"(?:/(?!\.\.?(?:/|$))(?:[^/\\%{}\s]|%(?!2[EF]|5C)[0-9A-F]{2})+)*", re.IGNORECASE)
HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*", re.ASCII)


@attrs.frozen
class SmtpUrl:
    """The parts of an SMTP URL; `scheme` says how the connection is protected."""

    scheme: str
    host: str
    port: int | None
    username: str | None
    password: str | None = attrs.field(repr=False)


def between(least: int, most: int) -> Callable[[str], int]:
    """Returns the parser of a whole number in this range."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return parse


positive = between(1, TEN_YEARS)


def rate_limit(name: str) -> Callable[[str], RateLimit]:
    """Returns the parser of a limit with this name, such as "10/min"."""

    def parse(text: str) -> RateLimit:
        count, _, unit = text.partition("/")
        seconds = _UNITS.get(unit.strip().lower())
        if seconds is None:
            raise ValueError
        return RateLimit(name, between(1, MOST_TRIES)(count.strip()), timedelta(seconds=seconds))

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """Returns the parser of a word out of these, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return parse


def schema_name(text: str) -> str:
    """Returns the name of a PostgreSQL schema, taken as it is: its letter case counts, and blanks are a part of it."""
    is_reserved = text.startswith("pg_") or text in ("information_schema", "$user")
    if is_reserved or '"' in text or not text.isprintable() or not 1 <= len(text.encode()) <= _MAX_IDENTIFIER_BYTES:
        raise ValueError
    return text


def secrets(text: str) -> tuple[str, ...]:
    """Returns secrets or keys; what is new is made with the first."""
    found = tuple(secret.strip() for secret in text.split(","))
    for secret in found:
        check_unquoted(secret)
    if any(len(secret.encode()) < MIN_SECRET_BYTES for secret in found):
        raise ValueError
    return found


def public_url(text: str) -> str:
    """Returns the base of all links, without a slash at its end."""
    parts = _web_url(text)
    if parts.query is not None or parts.fragment is not None:
        raise ValueError
    if not _SERVED_PATH.fullmatch(parts.path.rstrip("/")):
        raise UrlError("nothing can be served below its path: that is of plain segments, such as /accounts")
    return text.rstrip("/")


def reset_url(text: str) -> str:
    """Returns the link to set a new password, with `{token}` and perhaps `{public_url}` in it, and no other braces."""
    unknown = next((found[1] for found in _PLACEHOLDER.finditer(text) if found[1]), None)
    if unknown:
        is_hidden = "@" in text or not unknown.isprintable()  # it may be a part of a password
        named = "" if is_hidden else f"there is no {unknown}: "
        raise UrlError(f"{named}only {{token}} and {{public_url}} are filled in")
    if text.count("{token}") != 1:
        raise ValueError
    _web_url(text.replace("{public_url}", "http://public.url"))
    return text


def smtp_url(text: str) -> SmtpUrl:
    """Returns the parts of an SMTP URL."""
    parts = split_url(text, ("smtp", "smtp+starttls", "smtps"))
    if parts.path not in ("", "/") or parts.query is not None or parts.fragment is not None:
        raise UrlError(ENCODING)
    host = _one_host(parts)
    return SmtpUrl(parts.scheme, host.name, host.port, parts.user, parts.password or None)


def smtp_ehlo(text: str) -> str:
    """Returns a name for EHLO: a host name or an address literal (RFC 5321 section 4.1.3)."""
    if not HOST_NAME.fullmatch(text):
        _check_address_literal(text)
    return text


def _check_address_literal(text: str) -> None:
    if not (text.startswith("[") and text.endswith("]")):
        raise ValueError
    address = text[1:-1]
    if address.lower().startswith("ipv6:"):
        ipaddress.IPv6Address(address[5:])
    else:
        ipaddress.IPv4Address(address)


def networks(text: str) -> tuple[str, ...]:
    """Returns addresses and networks; there is no "all", which would let anybody choose their address.

    An IPv4 one is written as such, whatever it was written as.
    """
    return tuple(_network(part.strip()) for part in text.split(","))


def _network(text: str) -> str:
    network = ipaddress.ip_network(text)
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is not None and network.prefixlen >= _IPV4_MAPPED_PREFIX:
        network = ipaddress.ip_network((mapped, network.prefixlen - _IPV4_MAPPED_PREFIX))
    if network.prefixlen == 0:
        raise ValueError
    return str(network)


def domains(text: str) -> tuple[str, ...]:
    """Returns the names of domains, in lower case."""
    names = tuple(part.strip().lower() for part in text.split(","))
    if not all(HOST_NAME.fullmatch(name) and not name.rpartition(".")[2].isdecimal() for name in names):
        raise ValueError
    return names


def app_name(text: str) -> str:
    """Returns the name of an application: one line, of which something can be seen."""
    if is_blank(text) or len(text) > MAX_APP_NAME_LENGTH or any(is_control(character) for character in text):
        raise ValueError
    text.encode()  # an unpaired surrogate is in no page
    return text


def login_url(text: str) -> str:
    """Returns the URL of a page to log in at."""
    _web_url(text)
    return text


def otlp_endpoint(text: str) -> str:
    """Returns the base URL of an OpenTelemetry collector, without a slash at its end."""
    return public_url(text)


def _web_url(text: str) -> UrlParts:
    parts = split_url(text, ("http", "https"))
    if parts.user is not None or parts.password is not None:
        raise UrlError("a user name and a password have no place in it")
    _one_host(parts)
    return parts


def _one_host(parts: UrlParts) -> Host:
    if len(parts.hosts) != 1 or parts.hosts[0].name.startswith("/"):
        raise UrlError("it takes one host")
    return parts.hosts[0]
