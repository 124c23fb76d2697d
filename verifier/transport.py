"""One connection to the service, kept open, over the standard library."""

import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 5.0
"""How long an answer may take beyond what the question allows it to wait."""
MAX_BODY = 1024 * 1024
_PORTS: Final = {"http": 80, "https": 443}
_BROKEN: Final = (OSError, http.client.HTTPException, ValueError)


class TransportError(Exception):
    """There was no answer."""


class Answer(NamedTuple):
    """What the service answers."""

    status: int
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes


def checked_url(url: str) -> SplitResult:
    """Returns the parts of the URL of a service.

    Raises: ValueError when it is none, or has a user, a query or a fragment.
    """
    wrong = "url must be that of the service, such as https://auth.example.com"
    try:
        parts = urlsplit(url)
        is_service = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ValueError(wrong) from error
    # What no request line can hold would only show with the first request.
    if not is_service or not url.isprintable() or " " in url or not parts.path.isascii():
        raise ValueError(wrong)
    if (parts.username, parts.password) != (None, None) or parts.query or parts.fragment:
        raise ValueError("url must have no user, no query and no fragment")
    return parts


class Connection:
    """A connection for one thread. It follows no redirect, so that no credential goes elsewhere, and uses no proxy."""

    def __init__(self, url: str, headers: dict[str, str], context: ssl.SSLContext | None) -> None:
        """Opens nothing yet. Raises: ValueError as `checked_url`."""
        parts = checked_url(url)
        self._base = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "leadnator-auth-verifier", **headers}
        # Named, for http.client would look for one in an address of IPv6.
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            safe = context or ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=safe)
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        self._is_closed = False

    def get(self, target: str, wait: float = 0.0, headers: Mapping[str, str] | None = None) -> Answer:
        """Returns the answer, which may take `wait` seconds; `headers` are sent with this question alone.

        Raises: TransportError.
        """
        was_open = self._connection.sock is not None
        try:
            return self._asked(target, wait, headers or {})
        except _BROKEN as error:
            self._connection.close()
            if not was_open or self._is_closed:
                raise TransportError(f"no answer from the service: {error or type(error).__name__}") from error
        try:  # the service may have closed a connection that was idle
            return self._asked(target, wait, headers or {})
        except _BROKEN as error:
            self._connection.close()
            raise TransportError(f"no answer from the service: {error or type(error).__name__}") from error

    def close(self) -> None:
        """Closes it, unless another thread uses it; the next `get` opens another one."""
        self._connection.close()

    def interrupt(self) -> None:
        """Makes another thread's `get` fail at once, and all that come."""
        self._is_closed = True
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _asked(self, target: str, wait: float, headers: Mapping[str, str]) -> Answer:
        if self._is_closed:
            raise OSError("closed")
        if self._connection.sock is None:
            self._connection.connect()
        self._connection.sock.settimeout(wait + ANSWER_SECONDS)
        self._connection.request("GET", self._base + target, headers={**self._headers, **headers})
        response = self._connection.getresponse()
        body = response.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise ValueError("a far too long answer")
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
