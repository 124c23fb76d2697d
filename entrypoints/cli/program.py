"""How the whole command runs and ends: with one line and the right exit code, whatever is around it."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn

import click

from leadnator_auth.entrypoints.cli.failing import Commands
from leadnator_auth.entrypoints.cli.standard_streams import prepare_standard_streams, problem_of, told

FAILURE = 1
FOREIGN_PREFIXES = ("PG", "PROMETHEUS_", "TQDM_", "UVICORN_")
FOREIGN = frozenset(
    {
        "ALL_PROXY",
        "CURL_CA_BUNDLE",
        "FORWARDED_ALLOW_IPS",
        "FTP_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NETRC",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "SPHINX_BUILD",
        "SSLKEYLOGFILE",
        "WEB_CONCURRENCY",
    }
)
"""In whatever case: libraries take some of them in both."""


class Program(Commands):
    """The command with all that are below it."""

    elsewhere: tuple[str, ...] = ()
    """Modules of this package with a command of the same name, each loaded when it is asked for: `serve` needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands."""
        return sorted({*self.commands, *map(_name_of, self.elsewhere)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command with this name, if there is one."""
        for module in self.elsewhere:
            if cmd_name == _name_of(module):
                found: click.Command = getattr(import_module(f"{__package__}.{module}"), module)
                return found
        return super().get_command(ctx, cmd_name)

    def main(self, *args: Any, **extra: Any) -> NoReturn:  # click's own arguments
        """Runs what the arguments say, and ends the process."""
        prepare_standard_streams()
        output = sys.stdout
        problem = ""
        try:
            code = self._run(*args, **extra)
        except OSError as error:
            code, problem = FAILURE, told(error)
        if unwritten := problem_of(output):
            code, problem = code or FAILURE, unwritten
        if problem:
            click.echo(f"Error: {problem}", err=True)
        sys.exit(code)

    def _run(self, *args: Any, **extra: Any) -> int:
        """Returns the exit code.

        Raises: OSError.
        """
        try:
            with without_foreign_variables(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # those that PYTHONWARNINGS asks for are for developers
                ended_with = super().main(*args, **extra | {"standalone_mode": False})
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except click.Abort:
            click.echo("Aborted!", err=True)
            return FAILURE
        except SystemExit as end:
            ended_with = end.code
        return ended_with if isinstance(ended_with, int) else 0


def _name_of(module: str) -> str:
    return module.replace("_", "-")


@contextmanager
def without_foreign_variables() -> Iterator[None]:
    """Takes these variables out of the environment while the block runs, for the processes that it starts, too.

    Libraries would read them behind our back: who sets them means other programs.
    """
    taken = {name: os.environ.pop(name) for name in list(os.environ) if is_foreign(name)}
    try:
        yield
    finally:
        os.environ.update(taken)


def is_foreign(name: str) -> bool:
    """Returns whether it is a variable of other programs that a library would obey here."""
    return name.upper() in FOREIGN or name.upper().startswith(FOREIGN_PREFIXES)
