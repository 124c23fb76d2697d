"""`leadnator-auth doctor`: what is wrong here, and what to do about it."""

import json
import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import attrs
import click

from leadnator_auth.entrypoints.cli.failing import Command
from leadnator_auth.entrypoints.cli.standard_streams import problem_of
from leadnator_auth.entrypoints.doctor import Finding, Level, examine
from leadnator_auth.entrypoints.doctor.local import check_settings
from leadnator_auth.entrypoints.settings import SettingError, Settings
from leadnator_auth.entrypoints.settings.masking import censor, one_line
from leadnator_auth.entrypoints.settings.view import names_of_settings


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts, once all is known.")
@click.option("--send-to", metavar="ADDRESS", help="Also send one short test mail to this address.")
def doctor(as_json: bool, send_to: str | None) -> None:
    """Check the settings and all that they lead to: a line each, ok, warn or fail, with what to do.

    Nothing is made, migrated or changed. The exit code is 1 when a check fails.
    """
    settings, problem = _settings_in(os.environ)
    checked = _findings(settings, send_to) if settings else _findings_on_settings()
    try:
        findings = _told(checked, as_json)
    except KeyboardInterrupt:
        _end("interrupted before all was checked")
        return
    counts = Counter(finding.level for finding in findings)
    if as_json:
        report = {
            "findings": [attrs.asdict(finding, filter=lambda field, _: field.name != "quote") for finding in findings],
            "counts": {level.value: counts[level] for level in Level},
        }
        click.echo(json.dumps(report, indent=2))
    failures = counts[Level.FAIL]
    _end(problem or (f"{failures} of the checks failed" if failures else ""))


def _told(checked: Iterable[Finding], as_json: bool) -> list[Finding]:
    """Returns the findings once all are known, and prints each one at once where people read them."""
    findings: list[Finding] = []
    with _libraries_silenced():
        for finding in checked:
            findings.append(attrs.evolve(finding, found=one_line(finding.found)))
            if not as_json:
                click.echo(findings[-1].line)
    return findings


def _settings_in(environment: Mapping[str, str]) -> tuple[Settings | None, str]:
    """Returns the settings, or what is wrong with them."""
    try:
        return Settings.read(environment), ""
    except SettingError as error:
        return None, str(error)


def _findings_on_settings() -> Iterator[Finding]:
    """Yields what is wrong with the settings whose names are right, and with names."""
    known = names_of_settings()
    _, problem = _settings_in({name: value for name, value in os.environ.items() if name in known})
    return check_settings(os.environ, problem or None)


@contextmanager
def _libraries_silenced() -> Iterator[None]:
    """What they have to say is for the log of a server, and may quote anything."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def _findings(settings: Settings, send_to: str | None) -> Iterator[Finding]:
    from leadnator_auth.entrypoints.compose.doctor import address_of, checks

    address = address_of(send_to, settings) if send_to is not None else None
    if send_to is not None and address is None:
        raise click.BadParameter("this is no e-mail address", param_hint="--send-to")
    censored = censor(settings)
    for finding in examine(checks(settings, os.environ, address)):
        yield finding.censored(censored)


def _end(problem: str) -> None:
    """Ends the process, also where a check hangs in a thread that the interpreter would wait for."""
    sys.stdout.flush()
    if threading.active_count() == 1:
        if problem:
            raise click.ClickException(problem)
        return
    problem = problem_of(sys.stdout) or problem
    if problem:
        click.echo(f"Error: {problem}", err=True)
    sys.stderr.flush()
    os._exit(1 if problem else 0)  # the way out that waits for no thread
