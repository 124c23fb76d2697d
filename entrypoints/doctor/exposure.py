"""What is open to whom: limits, proxies and front ends."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from leadnator_auth.entrypoints.doctor.finding import Finding, ok, warn
from leadnator_auth.entrypoints.doctor.hosts import is_this_machine
from leadnator_auth.entrypoints.settings import PREFIX

LIMITS, PROXIES, CORS = "rate limit", "proxies", "cors"


def check_rate_limit(rate_limit: str) -> Iterator[Finding]:
    """Yields whether tries are limited."""
    if rate_limit == "off":
        yield warn(LIMITS, "off: passwords may be guessed without end", f"set {PREFIX}RATE_LIMIT=on")
    else:
        yield ok(LIMITS, "on")


def check_proxies(trusted: Sequence[str], public_url: str | None) -> Iterator[Finding]:
    """Yields whether clients can be told apart: this server speaks no TLS, so https means a proxy in front."""
    if not trusted and (public_url or "").startswith("https:"):
        found = "none is trusted, though https means that there is one: all clients share one address and its limits"
        yield warn(PROXIES, found, f"set {PREFIX}TRUSTED_PROXIES to the proxy's address")
    else:
        yield ok(PROXIES, f"trusted: {', '.join(trusted) or 'none'}")


def check_cors(origins: Sequence[str]) -> Iterator[Finding]:
    """Yields the front ends that anybody on the way may change."""
    plain = [origin for origin in origins if _is_open(origin)]
    if plain:
        cure = f"use https:// in {PREFIX}CORS_ORIGINS"
        yield warn(CORS, f"not encrypted: {', '.join(plain)}", cure)
    else:
        yield ok(CORS, f"allowed: {', '.join(origins) or 'none'}")


def _is_open(origin: str) -> bool:
    parts = urlsplit(origin)
    return parts.scheme == "http" and not is_this_machine(parts.hostname or "")
