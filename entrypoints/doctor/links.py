"""The addresses that links in mails lead to."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from leadnator_auth.entrypoints.doctor.finding import Finding, ok, warn
from leadnator_auth.entrypoints.doctor.hosts import is_this_machine
from leadnator_auth.entrypoints.settings import PREFIX

PUBLIC, RESET = "public url", "reset url"
_PUBLIC_URL, _RESET_URL = f"{PREFIX}PUBLIC_URL", f"{PREFIX}RESET_URL"


def check_public_url(url: str | None, resolves: Callable[[str], bool]) -> Iterator[Finding]:
    """Yields whether links can be opened, and by nobody on the way."""
    if url is None:
        found = f"{_PUBLIC_URL} is not set: links in mails lead to 127.0.0.1"
        yield warn(PUBLIC, found, "set it to the address that people reach this server at")
        return
    yield from _address(PUBLIC, _PUBLIC_URL, url, resolves)


def check_reset_url(url: str | None, resolves: Callable[[str], bool]) -> Iterator[Finding]:
    """Yields the same for a page of somebody's own; where there is none, links follow the public URL."""
    if url is None or url.startswith("{public_url}"):
        yield ok(RESET, f"follows {_PUBLIC_URL}")
        return
    yield from _address(RESET, _RESET_URL, url, resolves)


def _address(name: str, variable: str, url: str, resolves: Callable[[str], bool]) -> Iterator[Finding]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_this_machine(host):
        yield warn(name, f"{url} leads people to their own machine", f"set {variable} to an address for everybody")
        return
    if parts.scheme == "http":
        found = f"{url} is not encrypted: who reads along can reset passwords"
        yield warn(name, found, f"serve it over TLS, and let {variable} begin with https://")
    if not resolves(host):
        yield warn(name, f"{host} does not resolve", f"correct {variable}, or the entry at the name server")
    elif parts.scheme == "https":
        yield ok(name, url)
