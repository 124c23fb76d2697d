"""Served below a path of another site, by a proxy that takes it off: what is told has it."""

import json

import pytest

from tests.e2e.conftest import Serve
from tests.e2e.mails import reset_link
from tests.e2e.server import run

URL = "https://example.com/api"


@pytest.fixture(params=["sqlite"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """One kind is enough: paths and names are nothing to a database."""
    return str(request.param)


def test_the_path_of_the_public_url_is_told_and_not_asked_for(serve: Serve) -> None:
    server = serve(PUBLIC_URL=f"{URL}/")
    token = server.sign_up().json["token"]
    assert server.get("/api/auth/me", token).status == 200
    assert server.get("/api/auth/me").json["type"] == "/api/docs#missing_token"
    assert server.get("/nothing").json["type"] == "/api/docs#not_found"
    assert server.get("/openapi.json").json["servers"] == [{"url": URL}]
    assert server.get("/metrics").status == 200
    assert f"{URL}/api/auth/me" in server.get("/docs").content.decode()
    with server.socket() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n")
        refusal = b"".join(iter(lambda: connection.recv(65536), b""))
    assert json.loads(refusal.partition(b"\r\n\r\n")[2])["type"] == "/api/docs#invalid_request"
    server.forgot()
    (mail,) = server.mails(1)
    assert reset_link(mail).startswith(f"{URL}/reset-password?token=reset_")


def test_the_name_and_the_log_in_are_in_mails_and_pages(serve: Serve) -> None:
    server = serve(APP_NAME="Acme & Söhne", LOGIN_URL="https://app.example.com/login")
    server.sign_up()
    server.forgot()
    (mail,) = server.mails(1)
    assert "at Acme & Söhne." in str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert "at Acme &amp; Söhne." in str(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]
    for path in ("/", "/reset-password", "/reset-password?done"):
        page = server.get(path).content.decode()
        assert "Acme &amp; Söhne" in page
        assert 'href="https://app.example.com/login">Log in</a>' in page
    shown = run("config", home=server.home, settings=server.settings)
    assert "Acme & Söhne" in shown.stdout
