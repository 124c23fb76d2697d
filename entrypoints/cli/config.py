"""`leadnator-auth config`: what is in force, and from where."""

import os

import attrs
import click

from leadnator_auth.entrypoints.cli.failing import Command
from leadnator_auth.entrypoints.cli.reporting import as_json_option, report
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.view import Shown, in_force, unknown_settings


@click.command(cls=Command)
@as_json_option
def config(as_json: bool) -> None:
    """Show every setting: its value, never a secret, and where it comes from."""
    from leadnator_auth.entrypoints.compose.ports import surroundings

    settings = Settings.read(os.environ)
    shown = in_force(settings, os.environ, surroundings(settings))
    unknown = unknown_settings(os.environ)
    value = {"settings": list(map(attrs.asdict, shown)), "unknown": list(map(attrs.asdict, unknown))}
    report(value, [_row(each) for each in shown], as_json=as_json)
    for each in () if as_json else unknown:
        click.echo(f"Warning: {each.warning}", err=True)


def _row(shown: Shown) -> dict[str, str]:
    value = ", ".join(shown.value) if isinstance(shown.value, list) else shown.value
    source = f"{shown.source}: {shown.note}" if shown.note else shown.source.value
    return {"setting": shown.name, "value": "-" if value in (None, "") else str(value), "from": source}
