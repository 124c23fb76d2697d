"""`leadnator-auth users`: accounts, from the command line."""

import click

from leadnator_auth.entrypoints.cli.change_users import activate, create, delete, recover, set_, suspend
from leadnator_auth.entrypoints.cli.export_users import export
from leadnator_auth.entrypoints.cli.import_users import import_
from leadnator_auth.entrypoints.cli.show_users import events, list_, show


@click.group()
def users() -> None:
    """Look after accounts."""


for _command in (create, list_, show, set_, suspend, activate, recover, delete, events, import_, export):
    users.add_command(_command)
