"""Host names: where they lead."""

import ipaddress
import socket


def is_this_machine(host: str) -> bool:
    """Returns whether a name or address means the machine that uses it (RFC 6761 section 6.3)."""
    name = host.lower().rstrip(".")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def resolves(host: str) -> bool:
    """Returns whether there is an address for this name; may take as long as the name server does."""
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True
