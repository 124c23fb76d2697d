"""The sockets that a server listens on."""

import errno
import socket
from contextlib import ExitStack
from typing import Any

from leadnator_auth.entrypoints.settings.errors import StartError

_IN_USE = "another server has it, perhaps this one: end that, or choose another with --port"
_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def listening(host: str, port: int) -> list[socket.socket]:
    """Returns sockets that listen already: uvicorn would end the process itself where it cannot have the port.

    There is one for each address that a name has here, such as both of localhost. The IPv6 address for all (`::`) is
    there for IPv4, too.

    Raises: StartError.
    """
    try:
        return _listening(host, port)
    except (OSError, UnicodeError) as error:
        told = error.strerror if isinstance(error, OSError) else None
        # Python adds the address, which stands before it.
        reason = (told or "this is no name of a host").partition(" (")[0]
        cure = f": {_IN_USE}" if isinstance(error, OSError) and error.errno == errno.EADDRINUSE else ""
        raise StartError(f"cannot listen on {place(host, port)}: {reason}{cure}") from error


def place(host: str, port: int) -> str:
    """Returns a host and a port as they stand in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listening(host: str, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    missing: list[OSError] = []
    with ExitStack() as opened:
        listeners = []
        for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
            try:
                listeners.append(opened.enter_context(_listener(family, address)))
            except OSError as error:
                # A name may have an address of a family that this machine does not use.
                if error.errno not in _NOT_HERE:
                    raise
                missing.append(error)
        if not listeners:
            raise missing[0]
        opened.pop_all()
    return listeners


def _listener(family: int, address: tuple[Any, ...]) -> socket.socket:  # each family has a kind of its own
    is_for_all = address[0] == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server(address, family=family, dualstack_ipv6=is_for_all)
    listener.set_inheritable(True)
    return listener
