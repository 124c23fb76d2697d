"""What commands tell: results for people and for scripts, and a question before what cannot be taken back."""

import json
import sys
from collections.abc import Mapping, Sequence

import click

from leadnator_auth.entrypoints.cli.standard_streams import printable

Row = Mapping[str, str]
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
who_argument = click.argument("who")


def ask(question: str, *, yes: bool) -> None:
    """Asks whether to go on, unless `yes` was said; what is in the question may be anything that was typed.

    Raises: click.Abort, click.UsageError where nobody can be asked.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Say --yes where nobody can be asked.")
    click.confirm(printable(question), abort=True, err=True)


def report(value: object, told: str | Sequence[Row], *, as_json: bool) -> None:
    """Prints a result: the value for scripts, or else a line or a table for people."""
    if as_json:
        click.echo(json.dumps(value, indent=2))
    elif isinstance(told, str):
        click.echo(told)
    else:
        print_table(told)


def print_table(rows: Sequence[Row]) -> None:
    """Prints rows for people."""
    from tabulate import tabulate

    click.echo(tabulate(rows, headers="keys", disable_numparse=True) if rows else "none")


def cells_of(view: Mapping[str, str | bool]) -> dict[str, str]:
    """Returns an account in words for people."""
    words = {True: "yes", False: "no"}
    return {name: words[value] if isinstance(value, bool) else value for name, value in view.items()}
