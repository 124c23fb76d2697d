"""`leadnator-auth doctor`: what is wrong here, and what to do about it."""

import json
import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import click

from leadnator_auth.entrypoints.doctor import Finding, Level, examine
from leadnator_auth.entrypoints.doctor.local import check_settings
from leadnator_auth.entrypoints.settings import SettingError, Settings
from leadnator_auth.entrypoints.settings.masking import censor


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts, once all is known.")
@click.option("--send-to", metavar="ADDRESS", help="Also send one short test mail to this address.")
def doctor(as_json: bool, send_to: str | None) -> None:
    """Check the settings and all that they lead to: a line each, ok, warn or fail, with what to do.

    Nothing is made, migrated or changed. The exit code is 1 when a check fails.
    """
    findings: list[Finding] = []
    with _libraries_silenced():
        for finding in _findings(send_to):
            findings.append(finding)
            if not as_json:
                click.echo(finding.line)
                sys.stdout.flush()
    counts = Counter(finding.level for finding in findings)
    if as_json:
        report = {
            "findings": [attrs.asdict(finding) for finding in findings],
            "counts": {level.value: counts[level] for level in Level},
        }
        click.echo(json.dumps(report, indent=2))
    _end(counts[Level.FAIL])


@contextmanager
def _libraries_silenced() -> Iterator[None]:
    """What they have to say is for the log of a server, and may quote anything."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def _findings(send_to: str | None) -> Iterator[Finding]:
    from leadnator_auth.entrypoints.compose.doctor import address_of, checks

    address = address_of(send_to) if send_to is not None else None
    if send_to is not None and address is None:
        raise click.BadParameter("this is no e-mail address", param_hint="--send-to")
    try:
        settings = Settings.read(os.environ)
    except SettingError as error:
        yield from check_settings(os.environ, str(error))
        return
    censored = censor(settings)
    for finding in examine(checks(settings, os.environ, address)):
        yield attrs.evolve(finding, found=censored(finding.found))


def _end(failures: int) -> None:
    """Ends the process, also where a check hangs in a thread that the interpreter would wait for."""
    message = f"{failures} of the checks failed" if failures else ""
    if threading.active_count() == 1:
        if message:
            raise click.ClickException(message)
        return
    if message:
        click.echo(f"Error: {message}", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if failures else 0)  # the way out that waits for no thread
