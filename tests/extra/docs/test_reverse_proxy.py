"""The page's configurations of nginx and Caddy in front of a real server; only ports and paths are replaced."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.e2e.server import HOST, Server, free_port, until
from tests.extra.docs.markdown import ROOT, block

PAGE = ROOT / "docs" / "how-to" / "reverse-proxy.md"
NAME = "auth.example.com"
CLIENT = "127.0.0.2"
SETTINGS = {
    "LEADNATOR_BCRYPT_COST": "4",
    "LEADNATOR_PUBLIC_URL": f"https://{NAME}",
    "LEADNATOR_TRUSTED_PROXIES": HOST,
}
SECRET = "token=not-for-any-log"


class Proxy:
    """A proxy that listens on loopback with a certificate of its own authority."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(home / "ca.pem")
        certificate = authority.issue_cert(NAME)
        certificate.private_key_pem.write_to_path(home / "privkey.pem")
        for number, part in enumerate(certificate.cert_chain_pems):
            part.write_to_path(home / "fullchain.pem", append=number > 0)

    def curl(self, path: str, *options: str) -> str:
        """Returns the answer, and its status on the last line, to a client on an address of its own."""
        return subprocess.run(
            [
                *("curl", "--silent", "--cacert", str(self.home / "ca.pem"), "--interface", CLIENT),
                *("--resolve", f"{NAME}:{self.port}:{HOST}", "--write-out", "\n%{http_code}", *options),
                f"https://{NAME}:{self.port}{path}",
            ],
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        ).stdout

    def logs(self) -> str:
        """Returns all that the proxy wrote."""
        return "".join(path.read_text() for path in self.home.glob("*.log"))

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """Runs the proxy while the block runs."""
        with (self.home / "output.log").open("wb") as output:
            environment = {"PATH": "/usr/sbin:/usr/bin:/bin", "HOME": str(self.home), "XDG_DATA_HOME": str(self.home)}
            process = subprocess.Popen(command, cwd=self.home, env=environment, stdout=output, stderr=output)
        try:
            until(lambda: self.curl("/healthz").endswith("200"), f"the proxy; it says {self.logs()}")
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def nginx(home: Path, server: Server) -> Iterator[Proxy]:
    proxy = Proxy(home)
    text = (
        block(PAGE, "nginx").replace("443", f"{HOST}:{proxy.port}").replace("127.0.0.1:8000", f"{HOST}:{server.port}")
    )
    text = text.replace(f"/etc/ssl/{NAME}", str(home)).replace("/var/log/nginx", str(home))
    (home / "auth.conf").write_text(text)
    folders = "".join(
        f"{kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"pid {home}/nginx.pid;\nevents {{}}\nhttp {{\n{folders}include {home}/auth.conf;\n}}\n"
    (home / "nginx.conf").write_text(main)
    with proxy.running("nginx", "-p", str(home), "-e", "stderr", "-c", str(home / "nginx.conf"), "-g", "daemon off;"):
        yield proxy


@contextmanager
def caddy(home: Path, server: Server) -> Iterator[Proxy]:
    proxy = Proxy(home)
    text = block(PAGE, "caddy").replace("{\n\tlog {", "{\n\tadmin off\n\tauto_https disable_redirects\n\tlog {", 1)
    certificate = f"\ttls {home}/fullchain.pem {home}/privkey.pem\n\tbind {HOST}\n"
    text = text.replace(f"{NAME} {{\n", f"{NAME}:{proxy.port} {{\n{certificate}")
    (home / "Caddyfile").write_text(text.replace("127.0.0.1:8000", f"{HOST}:{server.port}"))
    with proxy.running("caddy", "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"):
        yield proxy


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with the settings of the page."""
    text = PAGE.read_text()
    assert "LEADNATOR_PUBLIC_URL='https://auth.example.com'" in text
    assert "LEADNATOR_TRUSTED_PROXIES='127.0.0.1'" in text
    server = Server(tmp_path, (), SETTINGS)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.mark.parametrize("kind", [nginx, caddy], ids=lambda kind: kind.__name__)
def test_clients_links_and_logs_are_right_behind_it(kind: type, server: Server, tmp_path: Path) -> None:
    assert shutil.which(kind.__name__, path="/usr/sbin:/usr/bin"), f"apt-get install {kind.__name__}"
    token = server.sign_up().json["token"]
    home = tmp_path / "proxy"
    home.mkdir()
    with kind(home, server) as proxy:
        address = '{"email":"alice@example.com","password":"minimum-6-chars"}'
        answer = proxy.curl("/api/auth/login", "-H", "Content-Type: application/json", "-d", address)
        assert answer.endswith("\n200")
        sessions = proxy.curl("/api/auth/sessions", "-H", f"Authorization: Bearer {token}")
        assert f'"ip":"{CLIENT}"' in sessions
        forged = proxy.curl("/api/auth/me", "-H", "X-Forwarded-For: 203.0.113.9")
        assert forged.endswith("\n401")
        assert "203.0.113.9" not in server.log

        assert proxy.curl("/metrics").endswith("\n404")
        assert proxy.curl("/api/auth/forgot-password", "-H", "Content-Type: application/json", "-d", address)
        mails = "".join(mail.as_string().replace("=\n", "").replace("=3D", "=") for mail in server.mails(2))
        assert f"https://{NAME}/verify-email?token=verify_" in mails
        assert f"https://{NAME}/reset-password?token=reset_" in mails

        assert proxy.curl(f"/api/auth/me?{SECRET}").endswith("\n401")
        server.stop()
        assert proxy.curl(f"/api/auth/me?{SECRET}").endswith("\n502")
    assert "/api/auth/me" in proxy.logs()
    assert "not-for-any-log" not in proxy.logs()
    assert "not-for-any-log" not in server.log
