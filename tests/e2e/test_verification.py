"""From a sign-up to a verified address, by the real server and the real command."""

import json

import pytest

from tests.e2e.conftest import Serve
from tests.e2e.mails import verification_link
from tests.e2e.server import PASSWORD, run

pytestmark = pytest.mark.slow


def test_a_person_signs_up_reads_the_mail_and_is_let_in(serve: Serve) -> None:
    server = serve(EMAIL_VERIFICATION="required")
    token = server.sign_up().json["token"]
    for refused in (server.log_in(), server.get("/api/auth/me", token)):
        assert (refused.status, refused.json["code"]) == (403, "email_not_verified")
    (mail,) = server.mails(1)
    link = verification_link(mail)
    assert link.startswith(f"{server.url}/verify-email?token=verify_")
    assert server.get(link.removeprefix(server.url)).status == 200
    assert server.log_in().status == 403, "opening the link verifies nothing"
    secret = link.partition("token=")[2]
    assert server.post("/api/auth/verify-email", token=secret).json == {"ok": True}
    assert [server.log_in().status, server.get("/api/auth/me", token).status] == [200, 200]
    assert secret not in server.log


def test_the_operator_says_whose_address_is_verified(serve: Serve) -> None:
    server = serve(EMAIL_VERIFICATION="required")
    server.sign_up()

    def users(*arguments: str) -> str:
        done = run("users", *arguments, home=server.home, settings=server.settings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert json.loads(users("show", "alice@example.com", "--json"))["user"]["email_verified"] is False
    assert "email_verified: no\n" in users("show", "alice@example.com").replace("   ", " ").replace("  ", " ")
    assert users("set", "alice@example.com", "--verified").endswith(": email_verified: false -> true\n")
    assert server.log_in(password=PASSWORD).status == 200
    (exported,) = map(json.loads, users("export").splitlines())
    assert exported["email_verified"] is True
    assert users("set", "alice@example.com", "--unverified").endswith(": email_verified: true -> false\n")
    assert server.log_in().status == 403
