"""Mail servers that misbehave in every way: no mail is lost, none is given up that could still arrive, none leaks."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import attrs
import pytest
import trustme
from aiosmtplib.protocol import SMTPProtocol

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.mail import MailWriter, Security, SmtpServer, conversation, own_name, smtp
from leadnator_auth.adapters.mail.own_name import OwnName
from leadnator_auth.adapters.mail.server import TIMEOUT_SECONDS
from leadnator_auth.adapters.mail.smtp import SmtpMailer
from leadnator_auth.adapters.memory import FakeClock, MemoryPorts
from leadnator_auth.adapters.sql import Connections
from leadnator_auth.domain import (
    EmailAddress,
    MailDelayedError,
    MailKind,
    MailRefusedError,
    Ports,
    Purpose,
    SecretMail,
    UnavailableError,
    deliver_due_mails,
    request_password_reset,
    sign_up,
)
from leadnator_auth.domain.entities.outbox import DeliveryState
from tests.adapters.mail.certificates import Authorities, certificate
from tests.adapters.mail.scripted_smtp import HEALTHY, Act, Reaction, Script, ScriptedServer, Talk, following, soon
from tests.conftest import sql_ports
from tests.e2e.server import DEADLINE_SECONDS, HOST

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "reset_" + "s" * 43
ALICE = EmailAddress(typed="alice@example.com", canonical="alice@example.com")
MAIL = SecretMail("m_1", MailKind.RESET_LINK, ALICE, SECRET, NOW + timedelta(hours=1), timedelta(hours=1))
ABOUT_THE_MAIL = ["RCPT", "DATA", "dot"]
BEFORE_THE_CONTENT = ["banner", "EHLO", "MAIL", "RCPT"]
EVERY_STEP = ["banner", "EHLO", "MAIL", *ABOUT_THE_MAIL]
SHORT = 0.5
"""For what must time out: long enough to get there on a busy machine."""
EXPECTED_SOON = 5.0
"""For what takes milliseconds, where a failure should not cost a minute."""


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A mail server that behaves well until told otherwise."""
    async with following(ScriptedServer()) as server:
        yield server


@asynccontextmanager
async def mailing(
    server: ScriptedServer,
    security: Security = Security.NONE,
    login: tuple[str, str] | None = None,
    *,
    seconds: float = TIMEOUT_SECONDS,
    ehlo: str | None = None,
) -> AsyncIterator[SmtpMailer]:
    """Lends a mailer for the server and closes it."""
    writer = MailWriter(
        sender="no-reply@example.com", links={Purpose.RESET: "https://a.example/?token={token}"}, clock=FakeClock()
    )
    username, password = login or (None, None)
    mailer = SmtpMailer(SmtpServer(HOST, server.port, security, username, password, seconds, ehlo), writer)
    try:
        yield mailer
    finally:
        mailer.close()


@pytest.fixture
async def mailer(server: ScriptedServer) -> AsyncIterator[SmtpMailer]:
    """A mailer for the server, without encryption."""
    async with mailing(server) as mailer:
        yield mailer


async def fails_then_works(
    mailer: SmtpMailer,
    server: ScriptedServer,
    script: Script,
    error: type[MailDelayedError | MailRefusedError] = MailDelayedError,
) -> str:
    """Sends a mail while the server follows a script, then another one when it is well; returns the first's error."""
    server.script = script
    with pytest.raises(error) as caught:
        await mailer.send(MAIL)
    assert len(server.talks) == 1, "one attempt is one connection"
    assert server.taken == []
    assert isinstance(caught.value, MailDelayedError | MailRefusedError)
    assert caught.value.may_have_arrived == bool(server.steps["DATA"]), "a link counts once DATA was said"

    server.script = HEALTHY
    await mailer.send(MAIL)

    assert len(server.taken) == 1
    assert SECRET.encode() in server.taken[0]
    return str(caught.value)


# What a server answers.


@pytest.mark.parametrize("step", EVERY_STEP)
@pytest.mark.parametrize("answer", [b"421 4.3.2 closing\r\n", b"450 4.2.0 later\r\n", b"452 4.3.1 disk full\r\n"])
async def test_what_is_refused_for_now_waits(
    mailer: SmtpMailer, server: ScriptedServer, step: str, answer: bytes
) -> None:
    # Who refuses EHLO is asked again with HELO.
    error = await fails_then_works(mailer, server, {step: answer, **({"HELO": answer} if step == "EHLO" else {})})
    assert answer[:3].decode() in error


@pytest.mark.parametrize("step", ABOUT_THE_MAIL)
@pytest.mark.parametrize("answer", [b"550 5.1.1 no such user\r\n", b"554 5.7.1 spam\r\n"])
async def test_a_mail_that_is_refused_for_good_is_given_up(
    mailer: SmtpMailer, server: ScriptedServer, step: str, answer: bytes
) -> None:
    error = await fails_then_works(mailer, server, {step: answer}, MailRefusedError)
    assert error == answer.decode().strip()


@pytest.mark.parametrize("step", ["banner", "EHLO", "MAIL"])
@pytest.mark.parametrize(
    "answer",
    [
        b"550 5.3.2 go away\r\n",
        b"554 5.7.1 your address is on a list\r\n",
        b"504 5.5.2 <25aea30808b2>: Helo command rejected: need fully-qualified hostname\r\n",
        b"553 5.1.8 Domain of sender address does not exist\r\n",
        b"530 5.7.0 Authentication required\r\n",
    ],
    ids=lambda answer: answer[:3].decode(),
)
async def test_a_server_that_refuses_us_altogether_costs_no_mail(
    mailer: SmtpMailer, server: ScriptedServer, step: str, answer: bytes
) -> None:
    error = await fails_then_works(mailer, server, {step: answer, **({"HELO": answer} if step == "EHLO" else {})})
    assert answer.decode().strip() in error
    assert {"banner": "the connection", "EHLO": "EHLO", "MAIL": "MAIL FROM"}[step] in error


@pytest.mark.parametrize(
    "answer",
    [
        b"504 5.5.2 <25aea30808b2>: Helo command rejected: need fully-qualified hostname\r\n",
        b"530 5.7.0 Must issue a STARTTLS command first\r\n",
        b"550 5.1.8 <no-reply@example.com>: Sender address rejected: Domain not found\r\n",
        b"553 5.1.7 <no-reply@example.com>: Sender address rejected\r\n",
        b"503 5.5.1 Error: need MAIL command\r\n",
    ],
    ids=lambda answer: answer[:9].decode(),
)
async def test_what_a_server_has_against_us_is_not_blamed_on_the_recipient(
    mailer: SmtpMailer, server: ScriptedServer, answer: bytes
) -> None:
    """Postfix says it as late as at RCPT, for then it knows who would have got the mail."""
    assert await fails_then_works(mailer, server, {"RCPT": answer}) == answer.decode().strip()


@pytest.mark.parametrize("step", EVERY_STEP)
async def test_a_server_that_hangs_up_costs_no_mail(mailer: SmtpMailer, server: ScriptedServer, step: str) -> None:
    await fails_then_works(mailer, server, {step: Act.HANG_UP})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a server that thinks about a whole mail no more patiently waited for than one at any other step."""
    monkeypatch.setattr(conversation, "CONTENT_SECONDS", 0.0)


async def leaves(server: ScriptedServer, script: Script, step: str, **options: Any) -> MailDelayedError:
    """Sends a mail with little patience, and returns how that failed."""
    server.script = script
    async with mailing(server, seconds=SHORT, **options) as hurried:
        with pytest.raises(MailDelayedError, match=r"^TimeoutError: no answer to .* within 0.5 seconds") as caught:
            await hurried.send(MAIL)
        await soon(lambda: server.open_connections == 0, "the server being left", EXPECTED_SOON)
    assert (server.steps[step], len(server.talks)) == (1, 1)
    return caught.value


@pytest.mark.parametrize("step", EVERY_STEP)
async def test_a_server_that_falls_silent_is_given_up_for_now(
    mailer: SmtpMailer, server: ScriptedServer, step: str, impatient: None
) -> None:
    error = await leaves(server, {step: Act.FALL_SILENT}, step)
    assert error.may_have_arrived == (step in ("DATA", "dot"))

    server.script = HEALTHY
    await mailer.send(MAIL)
    assert len(server.taken) == 1


@pytest.mark.parametrize("step", ["banner", "MAIL", "RCPT", "DATA", "dot"])
async def test_a_server_that_answers_in_drips_cannot_hold_up_the_queue(
    mailer: SmtpMailer, server: ScriptedServer, step: str, impatient: None
) -> None:
    async def drip(talk: Talk) -> Reaction:
        await drop_by_drop(talk, b"250-still busy\r\n" * 1000, pause=0.02)
        return Act.HANG_UP

    await leaves(server, {step: drip}, step)

    server.script = HEALTHY
    await mailer.send(MAIL)
    assert len(server.taken) == 1


def test_each_step_may_take_a_minute_and_the_whole_mail_ten() -> None:
    """RFC 5321 section 4.5.3.2; a greeting and RCPT take some seconds at many servers, and a content filter minutes."""
    assert SmtpServer(HOST, 25).timeout == 60
    assert conversation.CONTENT_SECONDS == 600


async def test_a_server_that_takes_its_time_over_a_mail_gets_it_once(server: ScriptedServer) -> None:
    """Longer than any other step may take: who gave up here would send the mail again, with another secret."""
    may_answer = asyncio.Event()

    async def think(talk: Talk) -> Reaction:
        await may_answer.wait()
        return b"250 2.0.0 taken at last\r\n"

    server.script = {"dot": think}
    async with mailing(server, seconds=SHORT) as mailer:
        sending = asyncio.create_task(mailer.send(MAIL))
        await soon(lambda: server.steps["dot"], "the mail")
        asyncio.get_running_loop().call_later(3 * SHORT, may_answer.set)
        await sending
    assert (len(server.taken), len(server.talks)) == (1, 1)


async def drop_by_drop(talk: Talk, words: bytes, pause: float = 0.0) -> None:
    for byte in words:
        await talk.say(bytes([byte]))
        await asyncio.sleep(pause)


@pytest.mark.parametrize(
    "words",
    [b"220 hello\r\n", b"220-hello\r\n220-there\r\n220 friend\r\n", b"220\r\n"],
    ids=["a line", "three lines", "only a code"],
)
async def test_a_slow_greeting_that_does_arrive_is_waited_for(
    mailer: SmtpMailer, server: ScriptedServer, words: bytes
) -> None:
    async def greet(talk: Talk) -> Reaction:
        await drop_by_drop(talk, words)
        return b""

    server.script = {"banner": greet}
    await mailer.send(MAIL)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("banner", b"220-" + b"x" * 300 + b"\r\n220-second\r\n220 third\r\n"),
        ("MAIL", b"250-2.1.0 sender\r\n250-and\r\n250 all\r\n"),
        ("RCPT", b"250 2.1.5 \xfcberall\r\n"),
        ("DATA", b"354-go\r\n354 ahead\r\n"),
        ("dot", b"250 2.0.0 queued as \xff\xfe " + b"y" * 4000 + b"\r\n"),
        ("MAIL", b"250 ok\n"),
    ],
)
async def test_an_odd_but_good_answer_is_good(
    mailer: SmtpMailer, server: ScriptedServer, step: str, answer: bytes
) -> None:
    server.script = {step: answer}
    await mailer.send(MAIL)
    assert len(server.seen) == 1


@pytest.mark.parametrize("step", EVERY_STEP)
@pytest.mark.parametrize(
    "answer",
    [
        b"450 " + b"x" * 100_000 + b"\r\n",
        b"450-" + b"\r\n450-".join([b"x" * 70] * 1000) + b"\r\n450 end\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xfe\xfd\r\n",
        b"\r\n",
    ],
    ids=["a line too long", "lines too many", "another protocol", "no text", "an empty line"],
)
async def test_an_answer_that_is_none_costs_no_mail(
    mailer: SmtpMailer, server: ScriptedServer, step: str, answer: bytes
) -> None:
    await fails_then_works(mailer, server, {step: answer})


async def test_a_server_that_refuses_a_mail_and_then_hangs_up_is_understood(
    mailer: SmtpMailer, server: ScriptedServer
) -> None:
    await fails_then_works(
        mailer, server, {"RCPT": b"550 5.1.1 no such user\r\n", "RSET": Act.HANG_UP}, MailRefusedError
    )


async def test_a_server_that_is_away_and_comes_back_gets_the_mail(mailer: SmtpMailer) -> None:
    async with following(ScriptedServer()) as gone:
        pass
    async with mailing(gone) as other:
        with pytest.raises(UnavailableError):
            await other.send(MAIL)


@pytest.fixture
def ports(memory: MemoryPorts, connections: Connections, mailer: SmtpMailer) -> Ports:
    """A world on SQLite whose mails go to the scripted server."""
    return attrs.evolve(sql_ports(memory, connections), mailer=mailer, emails=ValidatedEmailSyntax())


@pytest.mark.parametrize(
    ("answer", "state"),
    [(b"450 4.2.0 sp\xe4ter\r\n", DeliveryState.QUEUED), (b"550 5.1.1 f\xfcr immer\r\n", DeliveryState.DEAD)],
)
async def test_a_refusal_in_another_encoding_is_kept_with_the_mail(
    ports: Ports, server: ScriptedServer, answer: bytes, state: DeliveryState
) -> None:
    await sign_up("Alice", "alice@example.com", "old-password", ports=ports)
    await request_password_reset("alice@example.com", ports=ports)
    server.script = {"RCPT": answer}

    delivery = await deliver_due_mails(ports=ports)

    assert delivery.total == 1
    async with ports.unit_of_work.snapshot() as repositories:
        (mail,) = await repositories.mail_queue.latest(None, 10)
    assert mail.state is state
    assert mail.last_error.startswith(answer[:9].decode())
    mail.last_error.encode()  # can be shown


# Encryption.

LOGIN = ("user", "p4ssw0rd")
HARMLESS = (b"EHLO ", b"HELO ", b"STARTTLS\r\n", b"QUIT\r\n")


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    """Made once: keys take time."""
    return Authorities(trustme.CA(), trustme.CA())


@pytest.fixture
def trusted(authorities: Authorities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Trusted in the way that OpenSSL offers to operators with an authority of their own."""
    authorities.trusted.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authorities.trusted


def an_unknown_one(authorities: Authorities) -> ssl.SSLContext:
    return certificate(authorities.unknown, HOST)


def one_of_another_host(authorities: Authorities) -> ssl.SSLContext:
    return certificate(authorities.trusted, "mail.example.com", "192.0.2.1")


def one_that_is_over(authorities: Authorities) -> ssl.SSLContext:
    today = datetime.now(UTC)
    return certificate(
        authorities.trusted, HOST, not_before=today - timedelta(days=30), not_after=today - timedelta(days=1)
    )


def one_that_has_not_begun(authorities: Authorities) -> ssl.SSLContext:
    today = datetime.now(UTC)
    return certificate(
        authorities.trusted, HOST, not_before=today + timedelta(days=1), not_after=today + timedelta(days=30)
    )


def assert_nothing_leaked(server: ScriptedServer) -> None:
    """Checks that what anybody on the way could read is harmless."""
    assert server.steps["AUTH"] == server.steps["MAIL"] == server.steps["DATA"] == 0
    for line in server.in_clear:
        assert line.startswith(HARMLESS), line
        assert b"@" not in line
    assert server.seen == []


encrypted = pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])


@encrypted
@pytest.mark.parametrize(
    "bad", [an_unknown_one, one_of_another_host, one_that_is_over, one_that_has_not_begun], ids=lambda bad: bad.__name__
)
async def test_a_server_with_a_bad_certificate_gets_nothing(
    server: ScriptedServer,
    trusted: trustme.CA,
    authorities: Authorities,
    security: Security,
    bad: Callable[[Authorities], ssl.SSLContext],
) -> None:
    server.certificate = bad(authorities)
    server.is_encrypted_at_once = security is Security.TLS
    async with mailing(server, security, LOGIN) as mailer:
        with pytest.raises(UnavailableError, match="certificate verify failed"):
            await mailer.send(MAIL)
        assert len(server.talks) == 1
        if security is Security.STARTTLS:
            assert_nothing_leaked(server)
        assert server.steps["AUTH"] == server.steps["MAIL"] == 0
        await soon(lambda: server.open_connections == 0, "the server being left", EXPECTED_SOON)

        server.certificate = certificate(trusted, HOST)
        await mailer.send(MAIL)
    assert len(server.taken) == 1


@encrypted
async def test_a_server_with_a_good_certificate_gets_log_in_and_mail_encrypted(
    server: ScriptedServer, trusted: trustme.CA, security: Security
) -> None:
    server.certificate = certificate(trusted, HOST)
    server.is_encrypted_at_once = security is Security.TLS
    async with mailing(server, security, LOGIN) as mailer:
        for _ in range(3):
            await mailer.send(MAIL)
    assert len(server.taken) == 3
    assert (len(server.talks), server.steps["AUTH"]) == (1, 1)
    commands = [line.split()[0] for line in server.in_clear]
    assert commands == ([b"EHLO", b"STARTTLS"] if security is Security.STARTTLS else [])


async def test_a_server_that_offers_no_encryption_gets_nothing(server: ScriptedServer, trusted: trustme.CA) -> None:
    server.script = {"EHLO": b"250-scripted.example\r\n250 AUTH PLAIN\r\n"}
    async with mailing(server, Security.STARTTLS, LOGIN) as mailer:
        with pytest.raises(UnavailableError, match="STARTTLS"):
            await mailer.send(MAIL)
        assert_nothing_leaked(server)
        assert len(server.talks) == 1

        server.script, server.certificate = HEALTHY, certificate(trusted, HOST)
        await mailer.send(MAIL)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    "answer",
    [b"454 4.7.0 TLS not available\r\n", b"502 5.5.1 not implemented\r\n", b"250 fine, go on as you are\r\n"],
)
async def test_a_server_that_takes_back_its_offer_of_encryption_gets_nothing(
    server: ScriptedServer, answer: bytes
) -> None:
    server.script = {"STARTTLS": answer}
    async with mailing(server, Security.STARTTLS, LOGIN) as mailer:
        with pytest.raises(UnavailableError, match=answer[:3].decode()):
            await mailer.send(MAIL)
    assert_nothing_leaked(server)


async def test_a_server_that_only_pretends_to_encrypt_gets_nothing(server: ScriptedServer) -> None:
    hello: list[bytes] = []

    async def pretend(talk: Talk) -> Reaction:
        await talk.say(b"220 2.0.0 go ahead\r\n")
        hello.append(await talk.reader.read(100_000))
        await talk.say(b"250-scripted.example\r\n250 AUTH PLAIN LOGIN\r\n235 2.7.0 welcome\r\n")
        return b""

    server.script = {"STARTTLS": pretend}
    async with mailing(server, Security.STARTTLS, LOGIN) as mailer:
        with pytest.raises(UnavailableError):
            await mailer.send(MAIL)
        await soon(lambda: server.open_connections == 0, "the server being left", EXPECTED_SOON)
    assert hello[0].startswith(b"\x16\x03"), "a TLS handshake"
    assert_nothing_in_clear_but_tls(server)


def assert_nothing_in_clear_but_tls(server: ScriptedServer) -> None:
    said = b"".join(server.in_clear)
    for private in (b"AUTH ", b"MAIL FROM", b"RCPT TO", b"example.com", SECRET.encode(), LOGIN[1].encode()):
        assert private not in said
    assert server.seen == []


async def test_what_was_slipped_in_before_the_encryption_is_not_taken_for_an_answer(
    server: ScriptedServer, trusted: trustme.CA
) -> None:
    good = certificate(trusted, HOST)

    async def slip_in(talk: Talk) -> Reaction:
        # All in one packet, as somebody in the middle would: answers to commands that are yet to come.
        await talk.say(b"220 2.0.0 go ahead\r\n250-evil.example\r\n250 AUTH LOGIN\r\n550 5.0.0 refused\r\n")
        await talk.encrypt(good)
        return b""

    server.script = {"STARTTLS": slip_in}
    async with mailing(server, Security.STARTTLS, LOGIN) as mailer:
        await mailer.send(MAIL)
    assert len(server.taken) == 1
    assert server.steps["AUTH"] == 1


async def test_a_server_that_speaks_plainly_where_encryption_comes_first_gets_nothing(server: ScriptedServer) -> None:
    async with mailing(server, Security.TLS, LOGIN) as mailer:
        with pytest.raises(UnavailableError):
            await mailer.send(MAIL)
    assert len(server.talks) == 1
    assert_nothing_in_clear_but_tls(server)


@encrypted
async def test_a_handshake_that_never_ends_is_given_up_for_now(server: ScriptedServer, security: Security) -> None:
    async def stall(talk: Talk) -> Reaction:
        if talk.steps["STARTTLS"]:
            await talk.say(b"220 2.0.0 go ahead\r\n")
        return Act.FALL_SILENT

    step = "STARTTLS" if security is Security.STARTTLS else "banner"
    await leaves(server, {step: stall}, step, security=security, login=LOGIN)
    assert_nothing_in_clear_but_tls(server)


@pytest.mark.parametrize(
    "answer",
    [
        b"535 5.7.8 wrong password\r\n",
        b"454 4.7.0 temporary failure\r\n",
        b"530 5.7.0 encrypt first\r\n",
        b"334 VXNlcm5hbWU6\r\n",
        Act.HANG_UP,
    ],
    ids=str,
)
async def test_a_log_in_that_is_refused_costs_no_mail(
    server: ScriptedServer, trusted: trustme.CA, answer: Reaction
) -> None:
    server.certificate = certificate(trusted, HOST)
    server.script = {"AUTH": answer}
    async with mailing(server, Security.STARTTLS, LOGIN) as mailer:
        with pytest.raises(UnavailableError) as caught:
            await mailer.send(MAIL)
        assert LOGIN[1] not in str(caught.value)
        assert server.steps["MAIL"] == 0

        server.script = HEALTHY
        await mailer.send(MAIL)
    assert len(server.taken) == 1


async def test_a_challenge_that_makes_no_sense_is_the_servers_fault_and_costs_no_mail(
    server: ScriptedServer, trusted: trustme.CA
) -> None:
    server.certificate = certificate(trusted, HOST)
    server.script = {
        "EHLO": b"250-scripted.example\r\n250-STARTTLS\r\n250 AUTH CRAM-MD5\r\n",
        "AUTH": b"334 this is not base64 at all!\r\n",
    }
    async with mailing(server, Security.STARTTLS, LOGIN) as mailer:
        with pytest.raises(UnavailableError):
            await mailer.send(MAIL)


# One connection for many mails.


async def delivered(mailer: SmtpMailer, count: int, tries: int = 2) -> int:
    """Sends this many mails, each at most so often, and returns how many attempts failed."""
    failures = 0
    for number in range(count):
        for last in (*([False] * (tries - 1)), True):
            try:
                await mailer.send(attrs.evolve(MAIL, id=f"m_{number}"))
            except UnavailableError:
                failures += 1
                assert not last, f"mail {number} did not arrive"
            else:
                break
    return failures


def ids_of(server: ScriptedServer) -> list[str]:
    """Returns the ids of the mails that were taken."""
    starts = (content.partition(b"Message-ID: <")[2] for content in server.taken)
    return [start.partition(b"@")[0].decode() for start in starts]


async def test_a_hundred_mails_in_a_row_share_a_connection(mailer: SmtpMailer, server: ScriptedServer) -> None:
    assert await delivered(mailer, 100) == 0
    assert ids_of(server) == [f"m_{number}" for number in range(100)]
    assert (len(server.talks), server.steps["EHLO"]) == (1, 1)


async def test_mails_sent_at_the_same_time_have_a_connection_each_and_do_not_mix(
    mailer: SmtpMailer, server: ScriptedServer
) -> None:
    for _ in range(2):
        await asyncio.gather(*(mailer.send(attrs.evolve(MAIL, id=f"m_{number}")) for number in range(20)))
    assert sorted(ids_of(server)) == sorted(f"m_{number}" for number in range(20) for _ in range(2))
    assert len(server.talks) == 20, "they are kept for the next ones"


async def test_a_server_that_stalls_one_mail_gets_the_next_beside_it(
    mailer: SmtpMailer, server: ScriptedServer
) -> None:
    server.script = {"RCPT": Act.FALL_SILENT}
    stalled = asyncio.create_task(mailer.send(MAIL))
    await soon(lambda: server.steps["RCPT"], "the mail that stalls")
    server.script = HEALTHY
    await mailer.send(attrs.evolve(MAIL, id="m_2"))
    assert ids_of(server) == ["m_2"]
    stalled.cancel()
    await asyncio.gather(stalled, return_exceptions=True)


async def test_a_connection_that_the_server_closed_as_idle_is_replaced(
    mailer: SmtpMailer, server: ScriptedServer
) -> None:
    for number in range(1, 4):
        await mailer.send(MAIL)
        server.talks[-1].writer.close()
        await soon(lambda: server.open_connections == 0, "the server closing")
        assert len(server.talks) == number
    assert len(server.taken) == 3


@pytest.mark.parametrize(
    "answer",
    [b"421 4.4.2 idle for too long\r\n", b"500 5.5.1 what?\r\n", b"\xff\r\n", Act.HANG_UP],
    ids=str,
)
async def test_a_server_that_is_tired_of_a_connection_gets_the_mail_over_another(
    mailer: SmtpMailer, server: ScriptedServer, answer: Reaction
) -> None:
    server.script = {"NOOP": answer}
    assert await delivered(mailer, 5) == 0
    assert (len(server.taken), len(server.talks)) == (5, 5)


async def test_a_server_that_says_goodbye_unasked_gets_the_mail_over_another_connection(
    mailer: SmtpMailer, server: ScriptedServer
) -> None:
    await mailer.send(MAIL)
    await server.talks[0].say(b"421 4.4.2 timeout, closing\r\n")
    server.talks[0].writer.close()
    await soon(lambda: server.open_connections == 0, "the server closing")
    await mailer.send(MAIL)
    assert (len(server.taken), len(server.talks)) == (2, 2)


@pytest.mark.parametrize("hangs_up", [True, False], ids=["and hangs up", "and waits"])
@pytest.mark.parametrize("answer", [b"421 4.7.0 enough for now\r\n", b"452 4.5.3 too many mails\r\n"])
async def test_a_server_that_takes_ten_mails_a_connection_gets_them_all(
    mailer: SmtpMailer, server: ScriptedServer, answer: bytes, hangs_up: bool
) -> None:
    async def count(talk: Talk) -> Reaction:
        if talk.steps["MAIL"] <= 10:
            return b"250 2.1.0 ok\r\n"
        if hangs_up:
            await talk.say(answer)
            return Act.HANG_UP
        return answer

    server.script = {"MAIL": count}
    assert await delivered(mailer, 35) <= 3
    assert ids_of(server) == [f"m_{number}" for number in range(35)]
    assert len(server.talks) == 4


@pytest.mark.parametrize("script", [HEALTHY, {"RCPT": b"550 5.1.1 no\r\n"}, {"dot": b"451 4.3.0 later\r\n"}], ids=str)
async def test_a_connection_without_mails_is_not_held_for_long(
    mailer: SmtpMailer, server: ScriptedServer, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "IDLE_SECONDS", 0.05)
    server.script = script
    if script == HEALTHY:
        await mailer.send(MAIL)
    else:
        with pytest.raises((UnavailableError, MailRefusedError)):
            await mailer.send(MAIL)
    await soon(lambda: server.open_connections == 0, "the connection being closed", EXPECTED_SOON)


async def test_a_mailer_that_is_closed_leaves_no_connection_behind(mailer: SmtpMailer, server: ScriptedServer) -> None:
    mailer.close()  # nothing to close yet
    await mailer.send(MAIL)
    mailer.close()
    mailer.close()
    await soon(lambda: server.open_connections == 0, "the connection being closed")
    gc.collect()  # a socket left open would warn, and a warning fails the test

    await mailer.send(MAIL)
    assert len(server.taken) == 2


@pytest.mark.parametrize("step", ["banner", "EHLO", "NOOP", "MAIL", "DATA", "dot"])
async def test_a_sender_that_is_cancelled_leaves_no_connection_behind(
    mailer: SmtpMailer, server: ScriptedServer, step: str
) -> None:
    if step == "NOOP":
        await mailer.send(MAIL)
    server.script = {step: Act.FALL_SILENT}
    sending = asyncio.create_task(mailer.send(MAIL))
    await soon(lambda: server.steps[step], step)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await soon(lambda: server.open_connections == 0, "the connection being closed", EXPECTED_SOON)

    server.script = HEALTHY
    before = len(server.taken)
    await mailer.send(MAIL)
    assert len(server.taken) == before + 1


async def test_a_cancellation_that_comes_with_an_answer_is_not_lost(
    mailer: SmtpMailer, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Python 3.11 `asyncio.wait_for` takes the answer and forgets that it was cancelled; then the mail goes on."""
    sending: asyncio.Task[None] | None = None
    answers = 0
    receive = SMTPProtocol.data_received

    def receive_and_cancel(protocol: SMTPProtocol, data: bytes) -> None:
        nonlocal answers
        receive(protocol, data)
        answers += 1
        if answers == cancel_at and sending is not None:
            sending.cancel()

    monkeypatch.setattr(SMTPProtocol, "data_received", receive_and_cancel)
    for cancel_at in range(1, 8):
        answers = 0
        sending = asyncio.create_task(mailer.send(MAIL))
        async with asyncio.timeout(EXPECTED_SOON):
            results = await asyncio.gather(sending, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError) or answers < cancel_at, cancel_at
    await soon(lambda: server.open_connections <= 1, "the connections being closed", EXPECTED_SOON)


@pytest.mark.parametrize("security", Security)
async def test_a_sender_that_is_cancelled_at_any_moment_ends_at_once(
    server: ScriptedServer, trusted: trustme.CA, security: Security
) -> None:
    server.certificate = certificate(trusted, HOST)
    server.is_encrypted_at_once = security is Security.TLS
    async with mailing(server, security, LOGIN) as mailer:
        for turns in range(60):
            sending = asyncio.create_task(mailer.send(MAIL))
            for _ in range(turns):
                await asyncio.sleep(0)
            was_over = sending.done()
            sending.cancel()
            async with asyncio.timeout(EXPECTED_SOON):
                results = await asyncio.gather(sending, return_exceptions=True)
            assert was_over or isinstance(results[0], asyncio.CancelledError), turns
        await mailer.send(MAIL)
    await soon(lambda: server.open_connections == 0, "the connections being closed", EXPECTED_SOON)


# What we call ourselves.


@pytest.mark.parametrize(
    ("host_name", "said"),
    [
        ("25aea30808b2", f"[{HOST}]"),
        ("localhost", f"[{HOST}]"),
        ("", f"[{HOST}]"),
        ("my_app.network", f"[{HOST}]"),
        ("bücher.example", f"[{HOST}]"),
        ("-a.example", f"[{HOST}]"),
        ("a..example", f"[{HOST}]"),
        ("10.0.0.12", f"[{HOST}]"),
        ("mail\r\nRSET.example", f"[{HOST}]"),
        ("auth-1.example.com", "auth-1.example.com"),
        ("localhost.localdomain", "localhost.localdomain"),
    ],
)
async def test_a_server_is_told_the_full_name_of_the_host_or_its_address(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, host_name: str, said: str
) -> None:
    monkeypatch.setattr("socket.getfqdn", lambda: host_name)
    async with mailing(server) as mailer:
        await mailer.send(MAIL)
    assert said_at_ehlo(server) == [said]


async def test_a_server_is_told_the_name_that_is_set(server: ScriptedServer, trusted: trustme.CA) -> None:
    server.certificate = certificate(trusted, HOST)
    async with mailing(server, Security.STARTTLS, ehlo="auth.example.com") as mailer:
        await mailer.send(MAIL)
    assert said_at_ehlo(server) == ["auth.example.com"]
    assert server.steps["EHLO"] == 2


async def test_a_server_without_ehlo_is_told_the_same_name(server: ScriptedServer) -> None:
    server.script = {"EHLO": b"502 5.5.1 what?\r\n"}
    async with mailing(server, ehlo="[192.0.2.1]") as mailer:
        await mailer.send(MAIL)
    assert [line for line in server.in_clear if line.startswith(b"HELO")] == [b"HELO [192.0.2.1]\r\n"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8::1", "[IPv6:2001:db8::1]"),
        ("::ffff:192.0.2.1", "[192.0.2.1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
    ],
)
async def test_an_address_is_said_as_the_rfc_writes_it(
    monkeypatch: pytest.MonkeyPatch, address: str, said: str
) -> None:
    monkeypatch.setattr("socket.getfqdn", lambda: "25aea30808b2")
    assert await OwnName().on(address) == said


async def test_a_name_server_that_does_not_answer_keeps_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_name, "LOOK_UP_SECONDS", 0.01)
    may_end = Event()
    monkeypatch.setattr("socket.getfqdn", lambda: "late.example" if may_end.wait(DEADLINE_SECONDS) else "never")
    assert await OwnName().on("192.0.2.1") == "[192.0.2.1]"
    may_end.set()


def said_at_ehlo(server: ScriptedServer) -> list[str]:
    """Returns what was said in clear."""
    words = (line.decode().split() for line in server.in_clear)
    return [name for command, name, *_ in (pair for pair in words if len(pair) > 1) if command == "EHLO"]
