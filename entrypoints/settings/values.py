"""Parsers of single settings: each returns the value or raises ValueError."""

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta

import attrs

from leadnator_auth.domain import RateLimit
from leadnator_auth.domain.values.text import is_blank, is_control
from leadnator_auth.entrypoints.settings.misplaced import MIN_SECRET_BYTES, may_hold_a_secret
from leadnator_auth.entrypoints.settings.url_parts import check_unquoted

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
HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*", re.ASCII)


@attrs.frozen
class Between:
    """The parser of a whole number in a range."""

    least: int
    most: int
    unit: str = ""
    """What is counted."""

    @property
    def takes(self) -> str:
        """What it takes, in words."""
        return f"a number{f' of {self.unit}' if self.unit else ''} from {self.least} to {self.most}"

    def __call__(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not self.least <= int(text) <= self.most:
            raise ValueError
        return int(text)


LIFETIME = Between(1, TEN_YEARS, "seconds")


def rate_limit(name: str) -> Callable[[str], RateLimit]:
    """Returns the parser of a limit with this name, such as "10/min"."""

    def parse(text: str) -> RateLimit:
        count, _, unit = text.partition("/")
        seconds = _UNITS.get(unit.strip().lower())
        if seconds is None:
            raise ValueError
        return RateLimit(name, Between(1, MOST_TRIES)(count.strip()), timedelta(seconds=seconds))

    return parse


class OneOf:
    """The parser of a word out of these, in any case."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self.takes = f"{', '.join(words[:-1])} or {words[-1]}"
        """What it takes, in words."""

    def __call__(self, text: str) -> str:
        if text.lower() not in self._words:
            raise ValueError
        return text.lower()


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
    if "://" in text or may_hold_a_secret(text):  # this is in every mail
        raise ValueError
    text.encode()  # an unpaired surrogate is in no page
    return text
