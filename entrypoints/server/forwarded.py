"""Tells whom a request comes from, where proxies that are trusted say so."""

import ipaddress
import re
from collections.abc import Awaitable, Iterable, Sequence
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from leadnator_auth.domain.entities.session import unmapped
from leadnator_auth.entrypoints.http.reading.original import FROM_TRUSTED_PROXY

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_SCHEMES = frozenset({"http", "https"})
_WITH_PORT = re.compile(r"\[([^\[\]]*)\](?::[0-9]*)?|([0-9.]+):[0-9]+")
"""Some proxies add it; an IPv6 address has brackets then."""
_LONGEST = 64


class ForwardedClient:
    """The layer around an application; it is outermost, so that what is logged and counted is the client.

    The last entry of `X-Forwarded-For` that is no trusted proxy is the client: what stands before it came from there.
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[str]) -> None:
        """Trusts these networks; an IPv4 address is one in whatever form it comes."""
        self._app = app
        self._trusted: Sequence[Network] = [ipaddress.ip_network(network) for network in trusted]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "lifespan" and scope.get("client"):
            self._note_client(scope)
        return self._app(scope, receive, send)

    def _note_client(self, scope: Scope) -> None:
        host, port = scope["client"]
        if not self._trusted and ":" not in host:
            return
        peer = _address_in(host)
        if peer is None:
            return
        if peer.version == 4 and ":" in host:  # of a socket for both families
            scope["client"] = (str(peer), port)
        if not self._is_trusted(peer):
            return
        scope[FROM_TRUSTED_PROXY] = True
        client = self._client_in(",".join(_values(scope, b"x-forwarded-for")))
        if client is not None:
            scope["client"] = (str(client), 0)
        scheme = "".join(_values(scope, b"x-forwarded-proto")[-1:]).strip(" \t")
        if scheme in _SCHEMES:
            scope["scheme"] = scheme

    def _client_in(self, forwarded: str) -> Address | None:
        """Returns the client, or nothing where an entry that would count is no address."""
        address = None
        for entry in reversed([text for part in forwarded.split(",") if (text := part.strip(" \t"))]):
            address = _address_in(entry)
            if address is None or not self._is_trusted(address):
                break
        return address

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for each, value in scope["headers"] if each == name]


def _address_in(text: str) -> Address | None:
    """Returns the address that an entry is, if it is one; one that only stands for an IPv4 address as that."""
    return _parsed(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Address | None:
    match = _WITH_PORT.fullmatch(text)
    try:
        return unmapped(ipaddress.ip_address(match[1] or match[2] if match else text))
    except ValueError:
        return None
