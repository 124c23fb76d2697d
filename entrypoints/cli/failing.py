"""The way a command fails: one clear line on stderr and exit code 1."""

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from leadnator_auth.domain.errors import FieldsError, UnavailableError
from leadnator_auth.domain.values.text import is_storable
from leadnator_auth.entrypoints.cli.standard_streams import printable
from leadnator_auth.entrypoints.settings import SettingError
from leadnator_auth.entrypoints.settings.errors import StartError

P = ParamSpec("P")


def failing_in_one_line(command: Callable[P, None]) -> Callable[P, None]:
    """Turns what an operator can mend into a line and an exit code; anything else is a bug and shows its trace."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        texts = {name: _text(value) for name, value in kwargs.items() if isinstance(value, str)}
        try:
            command(*args, **kwargs | texts)  # type: ignore[arg-type]  # the same names
        except (SettingError, StartError, UnavailableError, FieldsError) as error:
            raise click.ClickException(printable(str(error))) from error
        except UnicodeEncodeError as error:  # names of files, and whom the core looks for in vain, may have any bytes
            raise click.ClickException("an argument has bytes that are no UTF-8") from error

    return wrapper


def _text(value: str) -> str:
    """Returns an argument as text, also where the locale knows ASCII alone; other bytes stay what they are."""
    if is_storable(value):
        return value
    try:
        return os.fsencode(value).decode()
    except UnicodeDecodeError:
        return value
