"""Connections to the Internet alone: an address is looked at when it is connected to, and never again afterwards."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import httpcore2

from leadnator_auth.domain.entities.webhook_target import is_public
from leadnator_auth.domain.errors import UnreachableError, WebhookTargetRefusedError

MAX_ADDRESSES = 4
"""How many addresses of a name are tried, one after the other."""
CONNECT_SECONDS = 4.0
"""How long one of them may take, where there are several."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolved(host: str, port: int) -> Sequence[str]:
    """Returns the IP addresses of a host, the best first (RFC 6724); an address in any spelling is its own.

    Raises: UnreachableError.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnreachableError(f"the name {host} cannot be resolved") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects by name to no address that is not public, unless it may.

    The name is resolved once, and the address that was looked at is the one connected to: a name server that answers
    differently the next time (DNS rebinding) is not asked a next time. One address that is not public refuses all: who
    has such a name means no good, or does not know where the messages would go.
    """

    def __init__(
        self,
        *,
        private_targets: bool = False,
        resolve: Resolve = resolved,
        network: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._private_targets = private_targets
        self._resolve = resolve
        self._network = network or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the signature is httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Returns a connection to the first address that takes one.

        Raises: WebhookTargetRefusedError, UnreachableError, or what httpcore's own backend raises.
        """
        addresses = await self._resolve(host, port)
        if not addresses:
            raise UnreachableError(f"the name {host} has no address")
        if not (self._private_targets or all(map(is_public, addresses))):
            raise WebhookTargetRefusedError(f"{host} is at an address that is private or has a special purpose")
        patience = timeout if len(addresses) == 1 else CONNECT_SECONDS
        failures: list[Exception] = []
        for address in addresses[:MAX_ADDRESSES]:
            try:
                stream = await self._network.connect_tcp(address, port, patience, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failure:
                failures.append(failure)
            else:
                return _OpenedStream(stream)
        raise failures[0]

    async def sleep(self, seconds: float) -> None:
        """Returns after a while: httpcore asks for it between tries of its own."""
        await self._network.sleep(seconds)


class _OpenedStream(httpcore2.AsyncNetworkStream):
    """A connection that is closed when its TLS handshake is cut short: httpcore would leave it open."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (as above)
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:  # whatever httpcore asks for
        return self._stream.get_extra_info(info)
