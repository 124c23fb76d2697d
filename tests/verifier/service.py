"""A service that publishes keys and a feed, in a thread, and does what a test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.verifier.minting import Key, jwks

API_KEY = "lnk_" + "a" * 43
UNTIL = "2099-01-08T00:00:00Z"
LONGEST_POLL_SECONDS = 5.0


class Service:
    """What it publishes; each attribute may be changed at any time."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self.changed = threading.Condition()
        self.key = Key()
        self.keys: bytes = jwks(self.key)
        self.feed_status = 200
        self.ended: list[str] = []
        self.keys_status = 200
        self.version: str | None = None
        """What its feed says of its keys; None for a service, or a proxy, that says nothing."""
        self.heard_of: list[str | None] = []
        """The version that each question of the feed named."""
        self.fetched_for: list[str | None] = []
        """The version that each request for keys named."""
        self.asked: list[tuple[str, str]] = []
        """The path and the Authorization of each request."""
        self.is_over = False

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/base"

    def end(self, *sessions: str) -> None:
        """Ends sessions."""
        with self.changed:
            self.ended.extend(sessions)
            self.changed.notify_all()

    def set(self, **attributes: object) -> None:
        """Sets attributes, and lets nobody wait any more for what was before."""
        with self.changed:
            for name, value in attributes.items():
                setattr(self, name, value)
            self.changed.notify_all()

    def times_asked(self, path: str) -> int:
        """Returns how often a path was asked for."""
        return sum(asked == path for asked, _ in self.asked)

    def until(self, path: str, times: int) -> None:
        """Waits until a path was asked for so often."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.times_asked(path) >= times, 20)

    def note(self, path: str, authorization: str, version: str | None) -> None:
        """Takes note of a request."""
        with self.changed:
            self.asked.append((path, authorization))
            if path == KEYS:
                self.fetched_for.append(version)
            self.changed.notify_all()

    def page(self, cursor: str, wait: float, heard_of: str | None) -> tuple[int, bytes]:
        """Returns the answer to a question of the feed."""
        start = 0 if cursor == "start" else int(cursor)

        def is_news() -> bool:
            has_other_keys = self.version is not None and self.version != known
            return len(self.ended) > start or has_other_keys or self.feed_status != 200 or self.is_over

        with self.changed:
            self.heard_of.append(heard_of)
            self.changed.notify_all()
            known = heard_of or self.version
            self.changed.wait_for(is_news, min(wait, LONGEST_POLL_SECONDS))
            revocations = [{"session_id": each, "until": UNTIL} for each in self.ended[start:]]
            body = {"revocations": revocations, "cursor": str(len(self.ended))}
            return self.feed_status, json.dumps(body).encode()


FEED, KEYS = "/base/api/auth/revocations", "/base/.well-known/jwks.json"


@contextmanager
def serving() -> Iterator[Service]:
    """Serves until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: value[0] for name, value in parse_qs(parts.query).items()}
            service.note(parts.path, self.headers.get("Authorization", ""), query.get("version"))
            if parts.path == KEYS:
                self._answer(service.keys_status, service.keys)
            elif parts.path == FEED and self.headers["Authorization"] == f"Bearer {API_KEY}":
                status, body = service.page(query["cursor"], float(query["wait"]), self.headers["X-Keys-Version"])
                self._answer(status, body, service.version)
            else:
                self._answer(403 if parts.path == FEED else 404, b"")

        def _answer(self, status: int, body: bytes, version: str | None = None) -> None:
            self.send_response(status)
            if version is not None:
                self.send_header("X-Keys-Version", version)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Says nothing: verifiers close connections whenever they like."""

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        service = Service(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield service
        finally:
            service.set(is_over=True)
            server.shutdown()
            thread.join()
