"""The way a command fails: one clear line on stderr and exit code 1."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from leadnator_auth.domain import (
    AuthError,
    EmailTakenError,
    FieldsError,
    ForbiddenError,
    InvalidPageError,
    LastAdminError,
    NotFoundError,
    OverloadedError,
    SigningKeysError,
    UnavailableError,
)
from leadnator_auth.domain.values.text import is_storable
from leadnator_auth.entrypoints.cli.standard_streams import printable
from leadnator_auth.entrypoints.settings import SettingError
from leadnator_auth.entrypoints.settings.errors import StartError

_LINES: dict[type[AuthError], str] = {
    InvalidPageError: "what is to be looked for is too long, or has characters that no account has",
    ForbiddenError: "this scope is for the keys of admins alone",
    LastAdminError: "this is the last active admin: make somebody else one first",
    EmailTakenError: "another account has this e-mail address",
    OverloadedError: "too many passwords wait to be hashed: try again",
}


class Command(click.Command):
    """A command that fails by a line and an exit code where an operator can mend it; a bug shows its trace."""

    def invoke(self, ctx: click.Context) -> Any:  # as click has it
        """Does what the command is for, with its arguments as text."""
        ctx.params = {name: _text(value) if isinstance(value, str) else value for name, value in ctx.params.items()}
        try:
            return super().invoke(ctx)
        except (SettingError, StartError, UnavailableError, FieldsError, SigningKeysError) as error:
            raise click.ClickException(printable(str(error))) from error
        except UnicodeEncodeError as error:  # names of files, and whom the core looks for in vain, may have any bytes
            raise click.ClickException("an argument has bytes that are no UTF-8") from error


class Commands(click.Group):
    """A group of such commands."""

    command_class = Command


def _text(value: str) -> str:
    """Returns an argument as text, also where the locale knows ASCII alone; other bytes stay what they are."""
    if is_storable(value):
        return value
    try:
        return os.fsencode(value).decode()
    except UnicodeDecodeError:
        return value


@contextmanager
def refusals_in_one_line(what: str | None, kind: str) -> Iterator[None]:
    """Tells in one line what the core refuses, and ends with exit code 1; `what` is what was looked for, of a kind."""
    try:
        yield
    except UnavailableError:
        raise
    except AuthError as error:
        raise click.ClickException(_line(error, what, kind)) from error


def _line(error: AuthError, what: str | None, kind: str) -> str:
    if isinstance(error, FieldsError):
        return " ".join(f"{each.field}: {each.message}" for each in error.errors)
    if isinstance(error, NotFoundError):
        return error.reason or f"there is no {kind} {what!r}"
    return _LINES.get(type(error), str(error))
