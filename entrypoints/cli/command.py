"""The command `leadnator-auth`."""

import json
import os
import signal
import sys

import click

from leadnator_auth import __version__
from leadnator_auth.entrypoints.cli.program import Program
from leadnator_auth.entrypoints.settings import Settings

# What a command needs beyond this is imported in it: --help need not load the server.


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="leadnator-auth")
def main() -> None:
    """Accounts, log-ins and password reset as an HTTP API. Settings are LEADNATOR_… environment variables."""


main.elsewhere = ("api_keys", "backup", "config", "doctor", "keys", "mail", "users", "webhooks")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes that serve.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve the API until SIGTERM or Ctrl-C; makes the database and the signing secret if there are none."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # to be stopped while starting is no failure either

    from leadnator_auth.entrypoints.compose.ports import prepare
    from leadnator_auth.entrypoints.server.logs import configure_logs
    from leadnator_auth.entrypoints.server.serve import serve as run

    settings = Settings.read(os.environ)
    configure_logs(settings.log_format, settings.log_level)
    prepare(settings)
    run(settings, host, port, workers)


@main.command()
def migrate() -> None:
    """Bring the database to the schema of this version, with its data."""
    from leadnator_auth.entrypoints.compose.ports import prepare

    changed = prepare(Settings.read(os.environ))
    click.echo("migrated to the current schema" if changed else "the schema is current: nothing to do")


@main.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document."""
    from leadnator_auth.entrypoints.compose.mail import DEFAULT_PUBLIC_URL
    from leadnator_auth.entrypoints.http.location import path_of_url
    from leadnator_auth.entrypoints.http.openapi.document import openapi_document

    public_url = Settings.read(os.environ).public_url or DEFAULT_PUBLIC_URL
    click.echo(json.dumps(openapi_document(public_url, path_of_url(public_url)), indent=2))
