"""Writes what the reference takes from the code: env -u PYTHONSAFEPATH python -m tests.extra.docs.reference."""

from collections.abc import Iterator

import click

from leadnator_auth.domain.errors import AuthError
from leadnator_auth.entrypoints.cli import main
from leadnator_auth.entrypoints.http.problems import PROBLEMS
from leadnator_auth.entrypoints.http.refusals import RequestError
from tests.extra.docs.markdown import ROOT

ERRORS_PAGE = ROOT / "docs" / "reference" / "errors.md"
COMMANDS_PAGE = ROOT / "docs" / "reference" / "commands.md"
_WIDTH = 100

_ERRORS = """# Errors

Every refusal is `application/problem+json` (RFC 9457): `type` (a link into the reference page of the server), `title`,
`status`, `detail`, and `code`. Go by the `code`: it stays what it is, the words may change. `missing_fields` and
`invalid_fields` also have `errors`, a list of `{"field", "code", "message"}` with all bad fields at once. Every answer
has an `X-Request-Id`, under which the log knows it.

| status | code | title | when | headers |
|---|---|---|---|---|
"""

_COMMANDS = """# Commands

Every command has `--help`, and `--json` where it lists something. The exit code is 0 when it is done, 1 for a failure,
with one clear line on stderr, and 2 for a command that was not understood. All of them read the same
[settings](settings.md) as the server, and work beside it while it runs.
"""


def errors_page() -> str:
    """Returns the page of all errors, by status."""
    kinds = sorted(PROBLEMS, key=lambda kind: (PROBLEMS[kind].status, kind.code))
    return _ERRORS + "".join(_error_row(kind) for kind in kinds)


def _error_row(kind: type[AuthError] | type[RequestError]) -> str:
    problem = PROBLEMS[kind]
    names = ", ".join(f"`{name}`" for name in problem.headers)
    return f"| {problem.status.value} | `{kind.code}` | {problem.title} | {problem.when} | {names} |\n"


def commands_page() -> str:
    """Returns the page of all commands, each with what its `--help` prints."""
    sections = [f"\n## {name}\n\n```text\n{help_text}\n```\n" for name, help_text in _helps(main, "leadnator-auth")]
    return _COMMANDS + "".join(sections)


def _helps(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    options = dict(command.context_settings) | {"terminal_width": _WIDTH, "max_content_width": _WIDTH}
    with click.Context(command, parent, info_name=name.split()[-1], **options) as context:
        if not isinstance(command, click.Group):
            yield name, command.get_help(context)
            return
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from _helps(found, f"{name} {each}", context)


if __name__ == "__main__":
    ERRORS_PAGE.write_text(errors_page())
    COMMANDS_PAGE.write_text(commands_page())
