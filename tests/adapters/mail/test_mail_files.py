"""Mails as files, for those who have no mail server yet."""

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_IMODE, S_ISDIR

import pytest

from leadnator_auth.adapters.mail import MailFiles, MailWriter
from leadnator_auth.adapters.memory import FakeClock
from leadnator_auth.domain import (
    EmailAddress,
    MailDelayedError,
    MailKind,
    NoticeMail,
    Purpose,
    SecretMail,
    UnavailableError,
)
from tests.e2e.mails import reset_secret
from tests.e2e.server import parsed_mail

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "reset_" + "s" * 43
RESET_URL = "http://127.0.0.1:8000/reset-password?token={token}"


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """Lets everybody read what a program does not protect by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "new" / "mail"


@pytest.fixture
def mailer(folder: Path) -> MailFiles:
    """Writes into the folder."""
    return MailFiles(folder, MailWriter("no-reply@localhost", {Purpose.RESET: RESET_URL}, FakeClock()))


def a_mail(number: int = 1) -> SecretMail:
    address = EmailAddress(typed=f"Alice{number}@example.com", canonical=f"alice{number}@example.com")
    return SecretMail(f"m_{number}", MailKind.RESET_LINK, address, SECRET, NOW + timedelta(hours=1), timedelta(hours=1))


def mode_of(path: Path) -> int:
    return S_IMODE(path.stat().st_mode)


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_a_mail_becomes_one_file_that_mail_programs_open(mailer: MailFiles, folder: Path) -> None:
    await mailer.send(a_mail())

    (file,) = files_in(folder)
    assert file.suffix == ".eml"
    mail = parsed_mail(file.read_bytes())
    assert mail["To"] == "Alice1@example.com"
    assert mail["From"] == "no-reply@localhost"
    assert reset_secret(mail) == SECRET
    assert mail.defects == []


@pytest.mark.usefixtures("generous_umask")
async def test_only_its_owner_may_read_a_mail(mailer: MailFiles, folder: Path) -> None:
    await mailer.send(a_mail())

    (file,) = files_in(folder)
    assert (mode_of(file), mode_of(folder)) == (0o600, 0o700)


async def test_each_of_many_mails_has_its_own_file(mailer: MailFiles, folder: Path) -> None:
    await asyncio.gather(*(mailer.send(a_mail(number)) for number in range(20)))

    recipients = {parsed_mail(file.read_bytes())["To"] for file in files_in(folder)}
    assert recipients == {f"Alice{number}@example.com" for number in range(20)}
    assert len(files_in(folder)) == 20


async def test_a_mail_that_is_sent_twice_is_one_file(mailer: MailFiles, folder: Path) -> None:
    await mailer.send(a_mail())
    await mailer.send(a_mail())
    assert len(files_in(folder)) == 1


@pytest.fixture
def in_the_way(folder: Path) -> Path:
    """A file in the place of the folder."""
    folder.parent.mkdir()
    folder.write_text("in the way")
    return folder


async def test_a_mail_that_could_not_be_written_did_not_arrive(mailer: MailFiles, in_the_way: Path) -> None:
    with pytest.raises(MailDelayedError) as caught:
        await mailer.send(a_mail())
    assert not caught.value.may_have_arrived


async def test_a_folder_that_cannot_be_made_may_be_mended(mailer: MailFiles, in_the_way: Path) -> None:
    with pytest.raises(UnavailableError):
        await mailer.send(a_mail())

    await asyncio.to_thread(in_the_way.unlink)
    await mailer.send(a_mail())
    assert len(files_in(in_the_way)) == 1


async def test_the_log_says_where_a_mail_is_but_not_what_is_in_it(
    mailer: MailFiles, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        await mailer.send(a_mail())

    (file,) = files_in(folder)
    assert str(file) in caplog.text
    assert SECRET not in caplog.text


async def test_what_a_crash_left_behind_is_replaced_by_the_next_attempt(tmp_path: Path) -> None:
    clock = FakeClock()
    mailer = MailFiles(tmp_path, MailWriter("no-reply@example.com", {Purpose.RESET: "http://localhost/{token}"}, clock))
    mail = NoticeMail("m_1", MailKind.PASSWORD_CHANGED, EmailAddress("a@example.com", "a@example.com"), clock.now())
    (tmp_path / ".m_1.draft").write_text("half a mail" * 10_000)
    clock.advance(minutes=1)
    await mailer.send(mail)
    (file,) = tmp_path.iterdir()
    assert file.suffix == ".eml"
    assert "half a mail" not in file.read_text()


async def test_a_mail_and_its_name_are_on_disk_before_it_counts_as_sent_and_hold_up_no_request(
    mailer: MailFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int, int]] = []
    threads: set[threading.Thread] = set()
    sync = os.fsync

    def recording(descriptor: int) -> None:
        threads.add(threading.current_thread())
        synced.append((os.fstat(descriptor).st_ino, len(list(folder.glob("*.eml")))))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    await mailer.send(a_mail())
    (file,) = files_in(folder)
    inodes = [path.stat().st_ino for path in (file, folder, folder.parent)]
    assert synced == [(inodes[0], 0), (inodes[1], 1), (inodes[2], 1)], "the mail, its name, and the new folder's name"
    assert threads.isdisjoint({threading.current_thread()})


async def test_a_file_system_that_cannot_sync_a_folder_still_gets_mails(
    mailer: MailFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", without_folders(os.fsync, errno.EINVAL))
    await mailer.send(a_mail())
    assert len(files_in(folder)) == 1


async def test_a_name_that_did_not_get_to_the_disk_is_no_mail_that_was_sent(
    mailer: MailFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(MailDelayedError) as caught:
        patch.setattr(os, "fsync", without_folders(os.fsync, errno.EIO))
        await mailer.send(a_mail())
    assert caught.value.may_have_arrived, "who looks into the folder finds its link"


def without_folders(sync: Callable[[int], None], error: int) -> Callable[[int], None]:
    """Returns an fsync that fails for folders."""

    def synced(descriptor: int) -> None:
        if S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(error, os.strerror(error))
        sync(descriptor)

    return synced
