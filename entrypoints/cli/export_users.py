"""`leadnator-auth users export`: hands over all accounts, in a form that `users import` takes."""

import asyncio
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Never

import click

from leadnator_auth.domain import ExportedUser, export_users
from leadnator_auth.domain.use_cases.import_users import NO_PASSWORD
from leadnator_auth.domain.values.json_object import Json
from leadnator_auth.entrypoints.cli.csv_rows import guarded
from leadnator_auth.entrypoints.cli.failing import Command
from leadnator_auth.entrypoints.cli.private_file import new_private_file
from leadnator_auth.entrypoints.cli.running import ports_in_force
from leadnator_auth.entrypoints.cli.standard_streams import Output
from leadnator_auth.entrypoints.cli.user_file import FileFormat, format_of
from leadnator_auth.entrypoints.views import exact_rfc3339

if TYPE_CHECKING:
    from tqdm import tqdm

Record = dict[str, Json]
Write = Callable[[bytes], object]
_STANDARD_OUTPUT = Path("-")
COLUMNS = (
    "id",
    "name",
    "email",
    "password_hash",
    "role",
    "plan",
    "status",
    "created_at",
    "email_verified",
    "user_metadata",
    "app_metadata",
)


@click.command(cls=Command)
@click.option(
    "--format",
    "file_format",
    type=click.Choice([each.value for each in FileFormat]),
    help="Unless the name of FILE tells.  [default: ndjson]",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, allow_dash=True),
    help="A new FILE, which only you can read; - is standard output.",
)
def export(file_format: str | None, output: Path | None) -> None:
    """Print all accounts, newest first, or write them to a file.

    The password hashes are included: keep it as secret as the database. CSV is safe to open in a spreadsheet: an
    apostrophe stands before what would be computed, which users import takes off again. An account without a usable
    password has no-password in the place of a hash.
    """
    if output == _STANDARD_OUTPUT:
        output = None
    named = format_of(output.name, b"{") if output else FileFormat.NDJSON
    chosen = FileFormat(file_format) if file_format else named
    with _opened(output) as write, _progress(output) as progress:
        count = asyncio.run(_write_all(chosen, write, progress))
    click.echo(f"{count:,} exported, with their password hashes", err=True)


@contextmanager
def _opened(output: Path | None) -> Iterator[Write]:
    """Lends what writes to the file, or else to standard output; once nothing more gets there, it raises OSError."""
    if output:
        with new_private_file(output) as file:
            yield file.write
    elif isinstance(stdout := sys.stdout, Output):
        stdout.flush_data()
        yield stdout.write_data
        stdout.flush_data()
    else:  # of the program that runs the command
        yield stdout.buffer.write
        stdout.buffer.flush()


def _progress(output: Path | None) -> "tqdm[Never]":
    """Returns what shows how far it is, unless nobody looks, or the accounts themselves are looked at."""
    from tqdm import tqdm

    are_shown = output is None and sys.stdout.isatty()
    return tqdm(unit=" accounts", leave=False, disable=are_shown or None)


async def _write_all(file_format: FileFormat, write: Write, progress: "tqdm[Never]") -> int:
    """Writes the accounts one by one, and returns how many they are."""
    line_of: Callable[[Record], str] = _csv_line if file_format is FileFormat.CSV else _json_line
    if file_format is FileFormat.CSV:
        write(_row(COLUMNS).encode())
    count = 0
    async with ports_in_force() as ports:
        async for exported in export_users(ports=ports):
            write(line_of(_record(exported)).encode())
            count += 1
            progress.update()
    return count


def _record(exported: ExportedUser) -> Record:
    user = exported.user
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email.typed,
        "password_hash": exported.password_hash or NO_PASSWORD,
        "role": user.role.value,
        "plan": user.plan,
        "status": user.status.value,
        "created_at": exact_rfc3339(user.created_at),
        "email_verified": user.is_email_verified,
        "user_metadata": dict(user.user_metadata),
        "app_metadata": dict(user.app_metadata),
    }


def _json_line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _csv_line(record: Record) -> str:
    return _row(guarded(_cell(record[name])) for name in COLUMNS)


def _cell(value: Json) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False) if value != {} else ""


def _row(cells: Iterable[str]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
