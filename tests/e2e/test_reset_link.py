"""The link in a mail leads to where the operator said, whatever the request says."""

from contextlib import closing

from tests.e2e.conftest import Serve
from tests.e2e.mails import reset_link
from tests.e2e.server import Server, read_answer


def test_no_header_of_a_request_gets_into_the_link(server: Server) -> None:
    server.sign_up()
    hostile = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
        "Origin": "https://evil.example",
        "Referer": "https://evil.example/",
        "X-Original-URL": "//evil.example/",
        "Content-Type": "application/json",
    }
    with closing(server.connection()) as connection:
        connection.request("POST", "/api/auth/forgot-password", b'{"email":"alice@example.com"}', hostile)
        answer = read_answer(connection)
    assert (answer.status, answer.json) == (200, {"ok": True})
    (mail,) = server.mails(1)
    assert reset_link(mail).startswith(f"{server.url}/reset-password?token=reset_")
    assert "evil" not in mail.as_string()


def test_the_link_leads_to_a_page_of_ones_own(serve: Serve) -> None:
    server = serve(PUBLIC_URL="https://auth.example.com/", RESET_URL="{public_url}/my/page#{token}")
    server.sign_up()
    server.forgot()
    (mail,) = server.mails(1)
    assert "https://auth.example.com/my/page#reset_" in mail.as_string()
