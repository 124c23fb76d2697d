"""Power cuts while mails are on their way: each arrives at least once, and the database never knows a secret."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import attrs
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.adapters.mail.smtp_server import Inbox, receiving
from tests.databases import dump_of, run_sql, sqlite_path
from tests.e2e.conftest import Serve
from tests.e2e.mails import reset_secret
from tests.e2e.server import HOST, PASSWORD, Server, parsed_mail, until

pytestmark = pytest.mark.slow

RECIPIENTS = [f"user-{number}@example.com" for number in range(30)]
CRASHES = 4


@attrs.define
class HesitantInbox(Inbox):
    """Takes each mail at once, and tells the sender so only when it may."""

    may_answer: Event = attrs.Factory(Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await Inbox.handle_DATA(self, server, session, envelope)
        while not self.may_answer.is_set():
            await asyncio.sleep(0.005)
        return answer


@attrs.define
class BusyInbox(HesitantInbox):
    """Takes some time for each mail, before and after it keeps it: a crash may come in either."""

    chance: random.Random = attrs.Factory(random.Random)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.chance.uniform(0, 0.02))
        answer = await HesitantInbox.handle_DATA(self, server, session, envelope)
        await asyncio.sleep(self.chance.uniform(0, 0.02))
        return answer


def wait_for(look: Callable[[], object], what: str, server: Server) -> None:
    """Waits until `look` is true; a failure shows the log and the queue as they are then."""
    try:
        until(look, what)
    except AssertionError as error:
        error.add_note(f"the queue: {states(server)}; the log says:\n{server.log}")
        raise


def secrets_in(inbox: Inbox) -> list[str]:
    return [reset_secret(parsed_mail(mail.content)) for mail in inbox.mails]


def end_all_leases(server: Server) -> None:
    """Makes what a dead process had taken due again, as ten seconds of waiting would."""
    run_sql(server.database_url, "UPDATE mails SET due_at = queued_at WHERE state = 'queued'")


def states(server: Server) -> Counter[str]:
    return Counter(state for (state,) in run_sql(server.database_url, "SELECT state FROM mails"))


def files_of(url: str) -> list[Path]:
    """Returns where a database keeps its tables and its log."""
    if url.startswith("sqlite"):
        file = sqlite_path(url)
        return sorted(path for path in file.parent.glob(f"{file.name}*") if path.suffix != ".secret")
    run_sql(url, "CHECKPOINT")
    ((folder, number),) = run_sql(
        url, "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
    )
    return [path for part in (f"base/{number}", "pg_wal") for path in Path(folder, part).iterdir() if path.is_file()]


def assert_unknown_to_the_database(secrets: Iterable[str], url: str) -> None:
    """Looks for secrets in the bytes on the disk, and in what SQL can tell."""
    # The bytes first: to open a SQLite database would tidy the log away.
    on_disk = {path.name: path.read_bytes() for path in files_of(url)}
    dump = dump_of(url)
    assert "user" in dump
    assert any(b"alice@example.com" in content or b"user-1@example.com" in content for content in on_disk.values())
    for secret in secrets:
        kept = secret.removeprefix("reset_")
        assert kept not in dump
        assert [name for name, content in on_disk.items() if kept.encode() in content] == []
    for content in (dump.encode(), *on_disk.values()):
        assert re.search(rb"reset_[A-Za-z0-9_-]{43}", content) is None


def test_a_mail_that_was_taken_right_before_a_crash_comes_again_and_both_its_links_are_good(serve: Serve) -> None:
    inbox = HesitantInbox()
    with receiving(inbox) as port:
        server = serve(SMTP_URL=f"smtp://{HOST}:{port}")
        server.sign_up()
        assert server.forgot().status == 200
        wait_for(lambda: inbox.mails, "the mail", server)
        server.kill()
        inbox.may_answer.set()
        assert_unknown_to_the_database(secrets_in(inbox), server.database_url)

        server.start()  # and nothing else: the lease of the dead process ends by itself
        wait_for(lambda: len(inbox.mails) >= 2, "the mail again", server)
        wait_for(lambda: states(server) == {"sent": 1}, "the end of it", server)

        assert {parsed_mail(mail.content)["Message-ID"] for mail in inbox.mails} == {
            parsed_mail(inbox.mails[0].content)["Message-ID"]
        }
        assert [mail.recipients for mail in inbox.mails] == [["alice@example.com"]] * 2
        first, second = secrets_in(inbox)
        assert first != second
        assert_unknown_to_the_database([first, second], server.database_url)
        for secret in (second, first):
            assert b"<h1>Set a new password</h1>" in server.get(f"/reset-password?token={secret}").content
        assert server.post("/api/auth/reset-password", token=first, password="new-password").status == 200
        assert server.log_in(password="new-password").status == 200
        # One reset ends all links of the account.
        assert server.post("/api/auth/reset-password", token=second, password="newer-password").status == 400


def crash_after(count: int, inbox: Inbox, server: Server) -> None:
    """Cuts the power when this many mails came."""
    wait_for(lambda: len(inbox.mails) >= count, "more mails", server)
    server.kill()
    assert states(server)["queued"], "there was something to lose"


def test_no_mail_is_lost_in_crash_after_crash(serve: Serve) -> None:
    chance = random.Random(20260101)
    inbox = BusyInbox(chance=chance)
    with receiving(inbox) as port:
        server = serve(SMTP_URL=f"smtp://{HOST}:{port}")
        with ThreadPoolExecutor(4) as threads:
            assert {answer.status for answer in threads.map(server.sign_up, RECIPIENTS)} == {200}
            assert {answer.status for answer in threads.map(server.forgot, RECIPIENTS)} == {200}
        inbox.may_answer.set()
        for _ in range(CRASHES):
            crash_after(len(inbox.mails) + chance.randint(1, 3), inbox, server)
            assert_unknown_to_the_database(secrets_in(inbox), server.database_url)
            end_all_leases(server)
            server.start()
        wait_for(lambda: states(server) == {"sent": len(RECIPIENTS)}, "all mails", server)
        assert server.stop() == 0

    arrived = Counter(recipient for mail in inbox.mails for recipient in mail.recipients)
    assert set(arrived) == set(RECIPIENTS)
    assert arrived.total() <= len(RECIPIENTS) + CRASHES, "a crash repeats no more than the one mail it cut short"
    by_recipient: dict[str, set[str]] = {}
    for mail in inbox.mails:
        by_recipient.setdefault(mail.recipients[0], set()).add(str(parsed_mail(mail.content)["Message-ID"]))
    assert {recipient for recipient, ids in by_recipient.items() if len(ids) > 1} == set()
    secrets = secrets_in(inbox)
    assert len(set(secrets)) == len(secrets)
    assert_unknown_to_the_database(secrets, server.database_url)
    assert PASSWORD not in server.log
    assert not any(secret in server.log for secret in secrets)
