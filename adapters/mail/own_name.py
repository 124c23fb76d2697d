"""The name by which this machine introduces itself to mail servers."""

import asyncio
import ipaddress
import re
import socket

import attrs

LOOK_UP_SECONDS = 5.0
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# An IP address is no name, though it looks like one.
_FULL_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+(?![0-9]+$){_LABEL}", re.ASCII)


@attrs.define
class OwnName:
    """The name for EHLO: the one that is set, else the host's full name, else the address that we connect from.

    RFC 5321 section 4.1.4 asks for one of the last two. A short name, such as the id of a container, is neither, and
    many servers refuse every mail that comes with one.
    """

    known: str | None = None

    async def on(self, own_address: str) -> str:
        """Returns the name on a connection from this IP address."""
        if self.known is None:
            self.known = await _full_name_of_host()
        return self.known or _literal(own_address)


async def _full_name_of_host() -> str:
    """Returns the name with its domain, or nothing if there is none, or no name server answers in time."""
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            name = await asyncio.to_thread(socket.getfqdn)
    except TimeoutError:
        return ""
    return name if _FULL_NAME.fullmatch(name) else ""


def _literal(address: str) -> str:
    """Returns an IP address as RFC 5321 section 4.1.3 writes it."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        return f"[{found.ipv4_mapped}]" if found.ipv4_mapped else f"[IPv6:{found}]"
    return f"[{found}]"
