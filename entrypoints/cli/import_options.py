"""What can be said of a file that is imported: the names and the order of things in it, and Firebase's parameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from leadnator_auth.domain import BadFieldError, FirebaseScrypt
from leadnator_auth.domain.use_cases.import_users import IMPORTED_FIELDS
from leadnator_auth.entrypoints.cli.standard_streams import printable
from leadnator_auth.entrypoints.cli.user_file import FileFormat, Layout

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t"}
Command = Callable[..., None]


class ReadableFile(click.File):
    """A file to read, opened; one that cannot be is a failure, for nothing is wrong with how the command was called."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # as click has it
        try:
            return super().convert(value, param, ctx)
        except click.UsageError as error:
            raise click.ClickException(printable(f"cannot read {error.message}")) from error


def cannot_read(name: str, error: Exception) -> click.ClickException:
    """Returns the failure to read a file."""
    reason = error.strerror if isinstance(error, OSError) else "it is no ASCII text"
    return click.ClickException(printable(f"cannot read {name!r}: {reason}"))


_OPTIONS = (
    click.option(
        "--format",
        "file_format",
        type=click.Choice([each.value for each in FileFormat]),
        help="Unless name or content tells.",
    ),
    click.option("--columns", multiple=True, help="Other names for fields: name=Name,email=E-Mail."),
    click.option(
        "--delimiter", help="What is between the cells of CSV: a character, or tab.  [default: as the header]"
    ),
    click.option("--multiline", is_flag=True, help="Cells of CSV in quotes may go over several lines."),
    click.option("--from-line", default=1, type=click.IntRange(min=1), help="Pass over what begins before this line."),
    click.option("--firebase-signer-key", help="base64_signer_key of a Firebase project, or @FILE with it alone."),
    click.option("--firebase-salt-separator", default="Bw==", show_default=True, help="base64_salt_separator."),
    click.option("--firebase-rounds", default=8, show_default=True, type=int, help="rounds."),
    click.option("--firebase-mem-cost", default=14, show_default=True, type=int, help="mem_cost."),
)


def reading_options(command: Command) -> Command:
    """Adds the options; the command gets them by their names."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def layout_of(options: dict[str, Any]) -> Layout:
    """Returns how the file says what.

    Raises: click.UsageError.
    """
    return Layout(_columns(options["columns"]), _delimiter(options["delimiter"]), options["multiline"])


def firebase_of(options: dict[str, Any]) -> FirebaseScrypt | None:
    """Returns the parameters of the Firebase project, if it is one.

    Raises: click.UsageError, and click.ClickException where the key is in a file that cannot be read.
    """
    key = options["firebase_signer_key"]
    if key is None:
        return None
    separator, rounds, mem_cost = (options[f"firebase_{name}"] for name in ("salt_separator", "rounds", "mem_cost"))
    try:
        return FirebaseScrypt.parse(_content(key), separator, rounds, mem_cost)
    except BadFieldError as error:
        raise click.UsageError(f"--firebase-…: {error.message}") from None


def _content(key: str) -> str:
    if not key.startswith("@"):
        return key
    try:
        return Path(key[1:]).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise cannot_read(key[1:], error) from error


def _columns(texts: tuple[str, ...]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for part in (part for text in texts for part in text.split(",")):
        field, equals, name = (piece.strip() for piece in part.partition("="))
        if field not in IMPORTED_FIELDS or not equals or not name or field in columns:
            raise click.UsageError(
                f"--columns: got {part!r}, takes each of {', '.join(IMPORTED_FIELDS)} at most once, as FIELD=NAME"
            )
        columns[field] = name
    if len({columns.get(field, field) for field in IMPORTED_FIELDS}) < len(IMPORTED_FIELDS):
        raise click.UsageError("--columns: one column cannot be two fields; say where the other one is, too")
    return columns


def _delimiter(text: str | None) -> str | None:
    delimiter = _DELIMITERS.get(text, text) if text is not None else None
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0' or delimiter.isalnum()):
        raise click.UsageError(f"--delimiter: got {text!r}, takes one character such as ; or the word tab")
    return delimiter
