"""The way a command fails: one clear line on stderr and exit code 1."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from leadnator_auth.domain.errors import FieldsError, UnavailableError
from leadnator_auth.entrypoints.settings import SettingError
from leadnator_auth.entrypoints.settings.errors import StartError

P = ParamSpec("P")


def failing_in_one_line(command: Callable[P, None]) -> Callable[P, None]:
    """Turns what an operator can mend into a line and an exit code; anything else is a bug and shows its trace."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (SettingError, StartError, UnavailableError, FieldsError) as error:
            raise click.ClickException(str(error)) from error

    return wrapper
