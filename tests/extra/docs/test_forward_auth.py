"""The page's configurations of nginx and Caddy in front of an application that knows nothing of tokens."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from tests.e2e.server import HOST, QUICK, Server, free_port, until
from tests.extra.docs.markdown import ROOT, block

PAGE = ROOT / "docs" / "how-to" / "forward-auth.md"
SETTINGS = {**QUICK, "LEADNATOR_TRUSTED_PROXIES": HOST}
TRICKY = 'Zoë "the ☕", O\'Neil; 100%'


class Backend(ThreadingHTTPServer):
    """The application: it says what it was asked for, and remembers it."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), Echo)
        self.seen: list[Any] = []


class Echo(BaseHTTPRequestHandler):
    """One request."""

    server: Backend

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append({"method": self.command, "path": self.path, "headers": headers, "body": body.decode()})
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_HEAD = do_GET  # noqa: N815 (their names there)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        """Says nothing."""


class Front:
    """A proxy, and the application behind it."""

    def __init__(self, port: int, backend: Backend) -> None:
        self.port, self.backend = port, backend

    def status(self, path: str, *options: str) -> int:
        """Returns the status of an answer; the path is sent as it is."""
        return int(
            subprocess.run(
                [
                    *("curl", "--silent", "--path-as-is", "--output", "/dev/null", "--write-out", "%{http_code}"),
                    *(*options, f"http://{HOST}:{self.port}{path}"),
                ],
                capture_output=True,
                encoding="utf-8",
                check=False,
                timeout=60,
            ).stdout
        )

    def refuses(self, path: str, *options: str) -> bool:
        """Returns whether it answers 401, and the application hears nothing."""
        before = len(self.backend.seen)
        return (self.status(path, *options), len(self.backend.seen)) == (401, before)

    @contextmanager
    def running(self, home: Path, *command: str) -> Iterator["Front"]:
        """Runs the proxy while the block runs."""
        log = home / "output.log"
        with log.open("wb") as output:
            environment = {"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(home), "XDG_DATA_HOME": str(home)}
            process = subprocess.Popen(command, cwd=home, env=environment, stdout=output, stderr=output)
        try:
            until(lambda: self.status("/") == 401, f"the proxy; it says {log.read_text()}")
            yield self
        finally:
            process.terminate()
            process.wait(30)


def configured(kind: str, server: Server, backend: Backend) -> str:
    text = block(PAGE, kind).replace("127.0.0.1:8000", f"{HOST}:{server.port}")
    return text.replace("127.0.0.1:9000", f"{HOST}:{backend.server_address[1]}")


@contextmanager
def nginx(home: Path, server: Server, backend: Backend) -> Iterator[Front]:
    front = Front(free_port(), backend)
    text = configured("nginx", server, backend).replace("listen 80", f"listen {HOST}:{front.port}")
    folders = "".join(
        f"{kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"pid {home}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}{text}}}\n"
    (home / "nginx.conf").write_text(main)
    with front.running(
        home, "nginx", "-p", str(home), "-e", "stderr", "-c", str(home / "nginx.conf"), "-g", "daemon off;"
    ):
        yield front


@contextmanager
def caddy(home: Path, server: Server, backend: Backend) -> Iterator[Front]:
    front = Front(free_port(), backend)
    text = configured("caddy", server, backend).replace("files.example.com {", f"http://{HOST}:{front.port} {{", 1)
    (home / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text)
    with front.running(home, "caddy", "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"):
        yield front


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    assert "LEADNATOR_TRUSTED_PROXIES='127.0.0.1'" in PAGE.read_text()
    server = Server(tmp_path, (), SETTINGS)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as served:
        thread = Thread(target=served.serve_forever)
        thread.start()
        yield served
        served.shutdown()
        thread.join()


@pytest.fixture(params=[nginx, caddy], ids=lambda kind: kind.__name__)
def front(request: pytest.FixtureRequest, server: Server, backend: Backend, tmp_path: Path) -> Iterator[Front]:
    start: Callable[..., Any] = request.param
    assert shutil.which(start.__name__, path="/usr/sbin:/usr/bin"), f"apt-get install {start.__name__}"
    home = tmp_path / "proxy"
    home.mkdir()
    with start(home, server, backend) as proxy:
        yield proxy


def test_the_application_knows_who_it_is_and_nobody_else_gets_there(server: Server, front: Front) -> None:
    signed_up = server.post("/api/auth/signup", name=TRICKY, email="zoe@example.com", password="minimum-6-chars")
    alice = signed_up.json
    token = alice["token"]
    bearer = ("-H", f"Authorization: Bearer {token}")
    _who_is_let_through(front, alice, bearer)
    _who_is_not(front, token, bearer)
    _media(server, front, token)
    server.post_as(token, "/api/auth/logout")
    assert front.refuses("/", *bearer)
    assert front.refuses(f"/?token={token}")


def _who_is_let_through(front: Front, alice: Any, bearer: tuple[str, str]) -> None:
    forged = [option for name in ("User", "Email", "Name", "Role", "Plan", "Session")
              for option in ("-H", f"X-Auth-{name}: root")]  # fmt: skip
    assert front.status("/orders?x=1", *bearer, *forged, "-d", "a body") == 200
    seen = front.backend.seen[-1]
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/orders?x=1", "a body")
    told = {name: unquote(value) for name, value in seen["headers"].items() if name.startswith("x-auth-")}
    assert told.pop("x-auth-session").startswith("s_")
    assert told == {
        "x-auth-user": alice["user"]["id"],
        "x-auth-email": "zoe@example.com",
        "x-auth-name": TRICKY,
        "x-auth-role": "user",
        "x-auth-plan": "Starter",
    }
    assert front.status("/", "--head", *bearer) == 200
    assert front.status("/", *bearer, "-H", "X-Forwarded-For: 203.0.113.9", "-H", "X-Empty;") == 200
    assert front.status(f"/a.png?token={alice['token']}") == 200
    assert front.status(f"/a.png?token={alice['token']}", "--head") == 200


def _who_is_not(front: Front, token: str, bearer: tuple[str, str]) -> None:
    assert front.refuses("/")
    assert front.refuses("/", "-H", "Authorization;")
    assert front.refuses("/", "-H", "Authorization: Bearer")
    assert front.refuses("/", "-H", "Authorization: Bearer nonsense")
    assert front.refuses("/", "-H", "Authorization: Basic YTpi")
    assert front.refuses(f"/?token={token}", *bearer), "two credentials, and no 500"
    assert front.refuses(f"/?token={token}&token={token}")
    assert front.refuses(f"/?token={token}", "-d", "a body"), "no method that changes anything"
    assert front.refuses(f"/?token={token}", "-X", "DELETE", "-H", "X-Original-Method: GET")
    assert front.refuses(f"/?token={token}", "-X", "DELETE", "-H", "X-Forwarded-Method: GET")
    for name in ("X-Original-URI", "X-Forwarded-Uri"):
        assert front.refuses("/", "-H", f"{name}: /?token={token}")
    assert front.refuses("/", "-H", "X-Auth-User: u_1")
    many = [option for number in range(120) for option in ("-H", f"X-{number}: x")]
    assert front.refuses("/", *bearer, *many), "nobody reads so many headers, and no 500"
    heard = len(front.backend.seen)
    assert front.status("/", *bearer, "-H", "X-A: \x01") in (400, 401), "one proxy refuses it, the other asks"
    assert len(front.backend.seen) == heard


def _media(server: Server, front: Front, token: str) -> None:
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    made = httpx2.post(f"{server.url}/api/auth/media-token", json={"path": "/media/42"}, headers=bearer)
    media = made.json()["token"]
    assert front.status(f"/media/42/a.png?token={media}") == 200
    for path in ("/media/43", "/media/421", "/", "/media/42/../43", "/media/42/%2e%2e/43", "/media/42%2F..%2F43",
                 "/media/42/..%5c43", "//media/42"):  # fmt: skip
        assert front.refuses(f"{path}?token={media}"), path
    assert front.refuses(f"/media/42?token={media}", "-d", "a body")
    for name in ("X-Original-URI", "X-Forwarded-Uri"):
        assert front.refuses("/media/43", "-H", f"{name}: /media/42?token={media}")
        assert front.refuses(f"/media/43?token={media}", "-H", f"{name}: /media/42?token={media}")
    assert front.refuses("/", "-H", f"Authorization: Bearer {media}")
