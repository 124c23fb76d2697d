"""Going the way of a mail: every mail server that would stop it is told from the others, and none gets a mail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from leadnator_auth.adapters.mail import Security, SmtpServer, probing
from leadnator_auth.adapters.mail.probing import Probed, Trouble, probe
from leadnator_auth.entrypoints.doctor.remote import CURES
from tests.adapters.mail.certificates import certificate
from tests.adapters.mail.scripted_smtp import Act, Script, ScriptedServer, following
from tests.e2e.server import HOST, free_port

LOGIN = ("user", "p4ssw0rd")
SENDER = "no-reply@example.com"
NO_TLS = b"250-scripted.example\r\n250 AUTH PLAIN\r\n"
NO_AUTH = b"250-scripted.example\r\n250 STARTTLS\r\n"
NONE, STARTTLS, TLS = Security.NONE, Security.STARTTLS, Security.TLS


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Made once: keys take time."""
    return trustme.CA()


@pytest.fixture
async def server(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedServer]:
    """A mail server with a certificate that is trusted."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with following(ScriptedServer(certificate=certificate(authority, HOST))) as server:
        yield server
        assert server.steps["RCPT"] == server.steps["DATA"] == 0


async def steps_to(
    server: ScriptedServer, security: Security, login: tuple[str, str] | None = LOGIN, host: str = HOST
) -> list[Probed]:
    server.is_encrypted_at_once = security is TLS
    username, password = login or (None, None)
    return [step async for step in probe(SmtpServer(host, server.port, security, username, password), SENDER)]


def test_there_is_something_to_do_about_every_trouble() -> None:
    assert CURES.keys() == set(Trouble)


@pytest.mark.parametrize("security", Security)
async def test_a_healthy_server_has_a_line_for_each_step(server: ScriptedServer, security: Security) -> None:
    steps = await steps_to(server, security)
    assert [(step.step, step.trouble) for step in steps] == [
        ("connection", None),
        ("encryption", None),
        ("log-in", None),
        ("sender", None),
    ]
    assert (HOST in steps[0].found, "TLSv1" in steps[1].found) == (True, security is not NONE)
    assert server.steps["AUTH"] == 1


async def test_where_no_user_is_given_nobody_logs_in(server: ScriptedServer) -> None:
    assert [step.step for step in await steps_to(server, STARTTLS, login=None)] == [
        "connection",
        "encryption",
        "sender",
    ]
    assert server.steps["AUTH"] == 0


async def test_a_server_that_could_encrypt_is_told(server: ScriptedServer) -> None:
    assert "STARTTLS" in (await steps_to(server, NONE))[1].found


async def test_an_old_server_without_ehlo_will_do(server: ScriptedServer) -> None:
    server.script = {"EHLO": b"502 what?\r\n"}
    assert [step.trouble for step in await steps_to(server, NONE, login=None)] == [None] * 3


@pytest.mark.parametrize(
    ("security", "script", "trouble"),
    [
        (NONE, {"banner": b"554 5.7.1 not you\r\n"}, Trouble.NOT_WELCOME),
        (NONE, {"banner": b"HTTP/1.1 400 Bad Request\r\n\r\n"}, Trouble.NOT_WELCOME),
        (NONE, {"banner": Act.HANG_UP}, Trouble.NOT_WELCOME),
        (STARTTLS, {"EHLO": b"550 no\r\n", "HELO": b"550 no\r\n"}, Trouble.NAME_REFUSED),
        (NONE, {"EHLO": b"504 5.5.2 need a full name\r\n", "HELO": b"504 5.5.2 no\r\n"}, Trouble.NAME_REFUSED),
        (NONE, {"EHLO": b"421 4.3.2 closing\r\n", "HELO": b"421 4.3.2 closing\r\n"}, Trouble.NOT_WELCOME),
        (STARTTLS, {"EHLO": NO_TLS}, Trouble.NOT_ENCRYPTED),
        (STARTTLS, {"STARTTLS": b"454 4.7.0 TLS not available\r\n"}, Trouble.BAD_HANDSHAKE),
        (STARTTLS, {"STARTTLS": Act.HANG_UP}, Trouble.BAD_HANDSHAKE),
        (NONE, {"EHLO": NO_AUTH}, Trouble.NO_LOG_IN),
        (TLS, {"AUTH": b"535 5.7.8 wrong password\r\n"}, Trouble.LOG_IN_REFUSED),
        (STARTTLS, {"AUTH": b"454 4.7.0 try later\r\n"}, Trouble.LOG_IN_REFUSED),
        (STARTTLS, {"AUTH": Act.HANG_UP}, Trouble.LOG_IN_REFUSED),
        (TLS, {"MAIL": b"553 5.7.1 not owned by user\r\n"}, Trouble.SENDER_REFUSED),
        (NONE, {"MAIL": b"550 5.1.8 no such domain\r\n"}, Trouble.SENDER_REFUSED),
    ],
)
async def test_what_stops_a_mail_is_told_from_other_troubles(
    server: ScriptedServer, security: Security, script: Script, trouble: Trouble
) -> None:
    server.script = script
    *before, last = await steps_to(server, security)
    assert last.trouble is trouble, last
    assert last.found
    assert all(step.trouble is None for step in before)
    assert bool(server.steps["AUTH"]) == (trouble in (Trouble.LOG_IN_REFUSED, Trouble.SENDER_REFUSED))


@pytest.mark.parametrize("security", [STARTTLS, TLS])
async def test_a_certificate_that_is_not_trusted_is_told_and_gets_no_password(
    server: ScriptedServer, authority: trustme.CA, security: Security
) -> None:
    for bad in (certificate(trustme.CA(), HOST), certificate(authority, "mail.example.com")):
        server.certificate = bad
        *_, last = await steps_to(server, security)
        assert (last.step, last.trouble) == ("encryption", Trouble.BAD_CERTIFICATE)
        assert "certificate" in last.found
    assert server.steps["AUTH"] == 0


async def test_a_server_that_does_not_speak_tls_at_once_is_told(server: ScriptedServer) -> None:
    steps = [step async for step in probe(SmtpServer(HOST, server.port, TLS, *LOGIN), SENDER)]
    assert [step.trouble for step in steps] == [Trouble.BAD_HANDSHAKE]


async def test_nobody_at_the_port_is_told() -> None:
    (step,) = [step async for step in probe(SmtpServer(HOST, free_port(), NONE), SENDER)]
    assert step.trouble is Trouble.OUT_OF_REACH


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".example", "x..y"])
async def test_a_name_that_does_not_resolve_is_told(host: str) -> None:
    (step,) = [step async for step in probe(SmtpServer(host, 25, NONE), SENDER)]
    assert (step.trouble, host in step.found) == (Trouble.UNKNOWN_NAME, True)


@pytest.mark.parametrize(("step", "trouble"), [("banner", Trouble.OUT_OF_REACH), ("AUTH", Trouble.LOG_IN_REFUSED)])
async def test_a_server_that_falls_silent_is_told(
    server: ScriptedServer, step: str, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "STEP_SECONDS", 0.2)
    server.script = {step: Act.FALL_SILENT}
    *_, last = await steps_to(server, NONE)
    assert last.trouble is trouble
