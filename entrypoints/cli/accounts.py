"""Parts that the account commands share: naming the account, and reporting results and refusals."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

from leadnator_auth.domain import (
    AuthError,
    Change,
    EmailTakenError,
    Event,
    FieldsError,
    ForbiddenError,
    InvalidPageError,
    LastAdminError,
    NotFoundError,
    OverloadedError,
    UnavailableError,
    User,
)
from leadnator_auth.entrypoints.cli.standard_streams import printable
from leadnator_auth.entrypoints.views import account_view, event_view

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
who_argument = click.argument("who")

_LINES: dict[type[AuthError], str] = {
    InvalidPageError: "what is to be looked for is too long, or has characters that no account has",
    ForbiddenError: "this scope is for the keys of admins alone",
    LastAdminError: "this is the last active admin: make somebody else one first",
    EmailTakenError: "another account has this e-mail address",
    OverloadedError: "too many passwords wait to be hashed: try again",
}


@contextmanager
def refusals_in_one_line(who: str | None = None, kind: str = "user") -> Iterator[None]:
    """Tells in one line what the core refuses, and ends with exit code 1; `who` is what was looked for, of a kind."""
    try:
        yield
    except UnavailableError:
        raise
    except AuthError as error:
        raise click.ClickException(_line(error, who, kind)) from error


def ask(question: str, *, yes: bool) -> None:
    """Asks whether to go on, unless `yes` was said; what is in the question may be anything that was typed.

    Raises: click.Abort, click.UsageError where nobody can be asked.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Say --yes where nobody can be asked.")
    click.confirm(printable(question), abort=True, err=True)


def print_json(value: object) -> None:
    """Prints a value for scripts."""
    click.echo(json.dumps(value, indent=2))


def cells_of(view: Mapping[str, str | bool]) -> dict[str, str]:
    """Returns an account in words for people."""
    words = {True: "yes", False: "no"}
    return {name: words[value] if isinstance(value, bool) else value for name, value in view.items()}


def print_table(rows: Sequence[dict[str, str]]) -> None:
    """Prints rows for people."""
    from tabulate import tabulate

    click.echo(tabulate(rows, headers="keys", disable_numparse=True) if rows else "none")


def print_changed(user: User, changes: Sequence[Change], as_json: bool) -> None:
    """Says what was changed of an account."""
    if as_json:
        changed = {change.field: {"old": change.old, "new": change.new} for change in changes}
        print_json({"user": account_view(user), "changes": changed})
        return
    click.echo(f"{user.id} {user.email.typed}: {told(changes) or 'nothing to change'}")


def print_events(events: Sequence[Event]) -> None:
    """Prints events for people."""
    print_table([{**_texts(event_view(event)), "data": _line_of(event.data)} for event in events])


def told(changes: Sequence[Change]) -> str:
    """Returns changes in one line for people."""
    return ", ".join(f"{each.field}: {printable(each.old)} -> {printable(each.new)}" for each in changes)


def _line_of(data: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in data.items())


def _texts(view: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in view.items() if isinstance(value, str)}


def _line(error: AuthError, who: str | None, kind: str) -> str:
    if isinstance(error, FieldsError):
        return " ".join(f"{each.field}: {each.message}" for each in error.errors)
    if isinstance(error, NotFoundError):
        return error.reason or f"there is no {kind} {who!r}"
    return _LINES.get(type(error), str(error))
