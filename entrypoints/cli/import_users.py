"""`leadnator-auth users import`: takes over accounts, and accounts for every line."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Never, cast

import attrs
import click

from leadnator_auth.domain import (
    FieldError,
    FirebaseScrypt,
    ImportFate,
    ImportOutcome,
    Ports,
    UnavailableError,
    import_users,
)
from leadnator_auth.entrypoints.cli.failing import Command
from leadnator_auth.entrypoints.cli.import_options import (
    ReadableFile,
    cannot_read,
    firebase_of,
    layout_of,
    reading_options,
)
from leadnator_auth.entrypoints.cli.running import ports_in_force
from leadnator_auth.entrypoints.cli.user_file import Entry, FileError, FileFormat, UserFile, format_of

if TYPE_CHECKING:
    from tqdm import tqdm

AT_ONCE = 500
"""Accounts in one transaction: it must be short, for a server may be running beside."""


@click.command("import", cls=Command)
@click.argument("file", type=ReadableFile("rb"))
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print each bad line and the result as JSON, one a line.")
def import_(file: BinaryIO, from_line: int, as_json: bool, **options: Any) -> None:
    """Take over accounts from FILE, or from standard input where FILE is -.

    FILE is CSV with a header, or one JSON object a line. Each account has name, email and password_hash, and may have
    role, plan, status, created_at, email_verified, user_metadata and app_metadata. Hashes of bcrypt, and those that
    Django, Werkzeug, passlib, WordPress, phpBB and Firebase make, are taken; no-password is an account without a usable
    password. Every line is accounted for: what is not taken is told by its number and its reason. An import that was
    cut short goes on where it stopped when it is simply run again.
    """
    from tqdm import tqdm  # not needed by any other command

    with (
        _peekable(file) as buffered,
        tqdm(total=_size(file), unit="B", unit_scale=True, leave=False, disable=None) as progress,
    ):
        chosen = options["file_format"] or format_of(file.name, _beginning(buffered, file.name))
        source = UserFile(buffered, FileFormat(chosen), layout_of(options))
        run = _Import(file.name, from_line, as_json, firebase_of(options), progress, source)
        ended_by = run.to_its_end()
    run.report_result()
    if ended_by:
        again = "; run it again to go on" if run.next_line > 1 else ""
        raise click.ClickException(f"stopped before line {run.next_line}: {ended_by}{again}")
    run.check_from_line()
    if run.counts[ImportFate.REFUSED]:
        raise click.ClickException(f"{run.counts[ImportFate.REFUSED]:,} could not be taken")


@contextmanager
def _peekable(file: BinaryIO) -> "Iterator[BufferedReader[RawIOBase]]":
    """Lets the beginning of a file be seen before it is read; whoever opened the file closes it."""
    buffered = BufferedReader(cast(RawIOBase, file))  # a BinaryIO has all that one must
    try:
        yield buffered
    finally:
        buffered.detach()


def _beginning(file: "BufferedReader[RawIOBase]", name: str) -> bytes:
    try:
        return file.peek(64)
    except OSError as error:
        raise cannot_read(name, error) from error


def _size(file: BinaryIO) -> int | None:
    """Returns how many bytes there are to read, where that is known."""
    try:
        return os.fstat(file.fileno()).st_size or None
    except OSError:
        return None


@attrs.define
class _Import:
    """One run over a file, and how far it came."""

    file_name: str
    from_line: int
    as_json: bool
    firebase: FirebaseScrypt | None
    progress: "tqdm[Never]"
    source: UserFile
    counts: Counter[ImportFate] = attrs.Factory(Counter)
    passed_over: int = 0
    """Entries before `from_line`."""
    next_line: int = attrs.Factory(lambda self: self.from_line, takes_self=True)

    def to_its_end(self) -> str | None:
        """Imports entry after entry; returns why it stopped before the last one, if it did."""
        try:
            asyncio.run(self._run(self._entries()))
        except KeyboardInterrupt:
            return "interrupted"
        except (UnavailableError, FileError) as error:
            return str(error)
        return None

    def report_result(self) -> None:
        """Says what became of the lines."""
        added, present, refused = (self.counts[fate] for fate in ImportFate)
        others = {"passed_over": self.passed_over, "blank": self.source.blank_lines}
        if self.as_json:
            result = {"added": added, "present": present, "refused": refused, "next_line": self.next_line}
            click.echo(json.dumps(result | {name: count for name, count in others.items() if count}))
            return
        click.echo(f"{added:,} added, {present:,} there already, {refused:,} refused")
        for name, count in others.items():
            if count:
                click.echo(f"{name.replace('_', ' ')}: {count:,}", err=True)
        if self.source.ignored:
            click.echo(f"not read: {', '.join(map(ascii, self.source.ignored))}", err=True)

    def check_from_line(self) -> None:
        """Makes sure that the line to begin with is one of the file, or the next one after it.

        Raises: click.ClickException.
        """
        if self.from_line > self.source.lines_read + 1:
            raise click.ClickException(
                f"the file ends with line {self.source.lines_read}: there is nothing from line {self.from_line} on"
            )

    def _entries(self) -> Iterator[Entry]:
        for entry in self._read():
            if entry.line >= self.from_line:
                yield entry
            elif entry.next_line > self.from_line:
                raise FileError(f"line {self.from_line} is in the middle of what begins on line {entry.line}")
            else:
                self.passed_over += 1

    def _read(self) -> Iterator[Entry]:
        try:
            yield from self.source
        except OSError as error:
            raise FileError(cannot_read(self.file_name, error).message) from error

    async def _run(self, entries: Iterator[Entry]) -> None:
        async with ports_in_force() as ports:
            while batch := _next_batch(entries):
                taking = asyncio.ensure_future(self._take(batch, ports))
                try:
                    await asyncio.shield(taking)
                except asyncio.CancelledError:
                    await taking  # what is kept by now must be counted too; a second Ctrl-C waits for nothing
                    raise
        self.next_line = self.source.lines_read + 1

    async def _take(self, batch: list[Entry], ports: Ports) -> None:
        records = [entry.record for entry in batch if entry.problem is None]
        outcomes = iter(await import_users(records, self.firebase, ports=ports))
        for entry in batch:
            self._count(entry, _unreadable(entry.problem) if entry.problem else next(outcomes))
        self.next_line = batch[-1].next_line
        self.progress.update(self.source.bytes_read - self.progress.n)

    def _count(self, entry: Entry, outcome: ImportOutcome) -> None:
        self.counts[outcome.fate] += 1
        if outcome.fate is not ImportFate.REFUSED:
            return
        with self.progress.external_write_mode():
            if self.as_json:
                click.echo(json.dumps(_told_to_scripts(entry, outcome)))
            else:
                click.echo(_told_to_people(entry, outcome), err=True)


def _next_batch(entries: Iterator[Entry]) -> list[Entry]:
    """Reads on; Ctrl-C ends it at once, where asyncio would wait for what another program has yet to write."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return list(islice(entries, AT_ONCE))
    finally:
        signal.signal(signal.SIGINT, handler)


def _told_to_scripts(entry: Entry, outcome: ImportOutcome) -> dict[str, object]:
    last_line = {"last_line": entry.next_line - 1} if entry.lines > 1 else {}
    return {"line": entry.line, **last_line, "errors": [attrs.asdict(error) for error in outcome.errors]}


def _told_to_people(entry: Entry, outcome: ImportOutcome) -> str:
    to_line = f" to {entry.next_line - 1}" if entry.lines > 1 else ""
    reasons = " ".join(f"{error.field}: {error.message}" for error in outcome.errors)
    return f"line {entry.line}{to_line}: {reasons}"


def _unreadable(problem: str) -> ImportOutcome:
    return ImportOutcome(ImportFate.REFUSED, (FieldError("line", "unreadable", problem),))
