"""`leadnator-auth users`: accounts, from the command line."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Never

import attrs
import click

from leadnator_auth.domain import FieldError, ImportFate, ImportOutcome, UnavailableError, import_users
from leadnator_auth.entrypoints.cli.change_users import activate, create, delete, set_, suspend
from leadnator_auth.entrypoints.cli.failing import failing_in_one_line
from leadnator_auth.entrypoints.cli.ports import ports_in_force
from leadnator_auth.entrypoints.cli.show_users import events, list_, show
from leadnator_auth.entrypoints.cli.user_file import Entry, FileError, FileFormat, UserFile, format_of

if TYPE_CHECKING:
    from tqdm import tqdm

FORMATS = [each.value for each in FileFormat]
AT_ONCE = 500
"""Accounts in one transaction: it must be short, for a server may be running beside."""


@click.group()
def users() -> None:
    """Look after accounts."""


for _command in (create, list_, show, set_, suspend, activate, delete, events):
    users.add_command(_command)


@users.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="Unless its name or content tells.")
@click.option("--from-line", default=1, type=click.IntRange(min=1), help="Pass over what begins before this line.")
@click.option("--json", "as_json", is_flag=True, help="Print each bad line and the result as JSON, one a line.")
@failing_in_one_line
def import_(file: BinaryIO, file_format: str | None, from_line: int, as_json: bool) -> None:
    """Take over accounts from FILE, or from standard input where FILE is -.

    FILE is CSV with a header, or one JSON object a line. Each account has name, email and password_hash ($2a$, $2b$,
    $2y$ or $bcrypt-sha256$), and may have role, plan, status and created_at. Bad lines are told by their number and the
    others taken. An import that was cut short goes on where it stopped when it is simply run again.
    """
    from tqdm import tqdm  # not needed by any other command

    buffered = BufferedReader(file)  # type: ignore[type-var]  # a BinaryIO has all that a RawIOBase must
    chosen = FileFormat(file_format) if file_format else format_of(file.name, buffered.peek(64))
    source = UserFile(buffered, chosen)
    entries = (entry for entry in source if entry.line >= from_line)
    with tqdm(total=_size(file), unit="B", unit_scale=True, leave=False, disable=None) as progress:
        run = _Import(as_json, progress, source)
        ended_by = run.to_its_end(entries)
    run.report_result()
    if ended_by:
        raise click.ClickException(f"stopped before line {run.next_line}: {ended_by}; run it again to go on")
    if run.counts[ImportFate.REFUSED]:
        raise click.ClickException(f"{run.counts[ImportFate.REFUSED]:,} could not be taken")


def _size(file: BinaryIO) -> int | None:
    """Returns how many bytes there are to read, where that is known."""
    try:
        return os.fstat(file.fileno()).st_size or None
    except OSError:
        return None


@attrs.define
class _Import:
    """One run over a file, and how far it came."""

    as_json: bool
    progress: "tqdm[Never]"
    source: UserFile
    counts: Counter[ImportFate] = attrs.Factory(Counter)
    next_line: int = 1

    def to_its_end(self, entries: Iterator[Entry]) -> str | None:
        """Imports entry after entry; returns why it stopped before the last one, if it did."""
        try:
            asyncio.run(self._run(entries))
        except KeyboardInterrupt:
            return "interrupted"
        except (UnavailableError, FileError) as error:
            return str(error)
        return None

    def report_result(self) -> None:
        """Says how many accounts were taken."""
        added, present, refused = (self.counts[fate] for fate in ImportFate)
        if self.as_json:
            click.echo(
                json.dumps({"added": added, "present": present, "refused": refused, "next_line": self.next_line})
            )
        else:
            click.echo(f"{added:,} added, {present:,} there already, {refused:,} refused")

    async def _run(self, entries: Iterator[Entry]) -> None:
        async with ports_in_force() as ports:
            while batch := list(islice(entries, AT_ONCE)):
                records = [entry.record for entry in batch if entry.problem is None]
                outcomes = iter(await import_users(records, ports=ports))
                for entry in batch:
                    self._count(entry, _unreadable(entry.problem) if entry.problem else next(outcomes))
                self.next_line = batch[-1].line + 1
                self.progress.update(self.source.bytes_read - self.progress.n)

    def _count(self, entry: Entry, outcome: ImportOutcome) -> None:
        self.counts[outcome.fate] += 1
        if outcome.fate is not ImportFate.REFUSED:
            return
        with self.progress.external_write_mode():
            if self.as_json:
                errors = [attrs.asdict(error) for error in outcome.errors]
                click.echo(json.dumps({"line": entry.line, "errors": errors}))
            else:
                reasons = " ".join(f"{error.field}: {error.message}" for error in outcome.errors)
                click.echo(f"line {entry.line}: {reasons}", err=True)


def _unreadable(problem: str) -> ImportOutcome:
    return ImportOutcome(ImportFate.REFUSED, (FieldError("line", "unreadable", problem),))
