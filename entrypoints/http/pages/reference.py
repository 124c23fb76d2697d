"""The reference page, made from the operations."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import attrs

from leadnator_auth import __version__
from leadnator_auth.entrypoints.http.api.operations import GROUPS, OPERATIONS
from leadnator_auth.entrypoints.http.openapi.document import ALWAYS
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.openapi.problem_descriptions import by_status, problem_example
from leadnator_auth.entrypoints.http.pages.curl import curl
from leadnator_auth.entrypoints.http.pages.rendering import render
from leadnator_auth.entrypoints.http.pages.schema_notes import notes_on, type_of
from leadnator_auth.entrypoints.http.pages.shell_variables import shell_variables
from leadnator_auth.entrypoints.http.problems import PROBLEMS
from leadnator_auth.entrypoints.http.reading.body import FORM

# The parts of a snippet, told apart for the style sheet to give them colours.
_JSON = re.compile(
    r"""(?P<name>"(?:[^"\\]|\\.)*"(?=:))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<value>true|false|null|-?\d[\d.]*)"""
)
_SHELL = re.compile(r"""(?P<variable>\$[A-Z_]+|^[A-Z_]+(?==))|(?P<text>'[^']*')|(?P<name>(?<=\s)-\w+)""", re.MULTILINE)
_FIGURES = re.compile(r"""(?P<text>"[^"]*")|(?P<name>\w+(?==))|(?P<value>(?<=[ ])[\d.]+$)""", re.MULTILINE)


def render_reference(base_url: str, base_path: str = "", operations: Sequence[Operation] = OPERATIONS) -> str:
    """Returns the page about these operations as HTML; the snippets call them at this URL, below this path."""
    by_name = {operation.name: operation for operation in operations}
    return render(
        "reference.html",
        version=__version__,
        base_url=base_url,
        groups=_by_group(operations),
        about=GROUPS,
        problems=PROBLEMS,
        always=ALWAYS,
        variables=shell_variables(by_name, base_url),
        curl=lambda operation: curl(operation, base_url),
        by_status=by_status,
        members_of=_members_of,
        parameters_of=_parameters_of,
        parts_of=_parts_of,
        problem_example=partial(problem_example, base_path=base_path),
        languages={"application/json": _JSON, "text/plain": _FIGURES, "shell": _SHELL, FORM: _FIGURES},
        pretty=_pretty,
        body_of=_body_of,
    )


def _parts_of(text: str, language: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Returns the whole text in parts, each with its kind, "" for what has none."""
    end = 0
    for match in language.finditer(text):
        yield "", text[end : match.start()]
        yield match.lastgroup or "", match[0]
        end = match.end()
    yield "", text[end:]


def _pretty(value: Any) -> str:  # JSON of any type, or a text that is shown as it is
    return value.rstrip() if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _body_of(operation: Operation) -> str:
    body = operation.example_body or {}
    return "&".join(f"{name}={value}" for name, value in body.items()) if operation.body_type == FORM else _pretty(body)


def _by_group(operations: Sequence[Operation]) -> Mapping[str, list[Operation]]:
    grouped: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        grouped[operation.group].append(operation)
    return grouped


@attrs.frozen
class _Row:
    """A field or a parameter, in a table."""

    name: str
    kind: str
    is_required: bool
    notes: list[str]


def _members_of(operation: Operation) -> list[_Row]:
    return [
        _Row(name, type_of(schema), is_required=not operation.is_patch, notes=notes_on(schema))
        for name, schema in (operation.body or {}).items()
    ]


def _parameters_of(operation: Operation) -> list[_Row]:
    return [
        _Row(
            parameter.name,
            f"{type_of(parameter.schema)} in the {parameter.place}",
            parameter.is_required,
            [*notes_on(parameter.schema), *filter(None, [parameter.description])],
        )
        for parameter in operation.parameters
    ]
