"""The reference page, made from the operations once, when it is asked for first."""

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from leadnator_auth import __version__
from leadnator_auth.entrypoints.http.api.operations import GROUPS, OPERATIONS
from leadnator_auth.entrypoints.http.openapi.document import ALWAYS
from leadnator_auth.entrypoints.http.openapi.operation import Handler, Operation
from leadnator_auth.entrypoints.http.openapi.problem_descriptions import by_status, problem_example
from leadnator_auth.entrypoints.http.pages.curl import curl, shell_variables
from leadnator_auth.entrypoints.http.pages.highlighting import FIGURES, JSON, SHELL, parts_of
from leadnator_auth.entrypoints.http.pages.rendering import PAGE_HEADERS, render
from leadnator_auth.entrypoints.http.pages.schema_notes import notes_on, type_of
from leadnator_auth.entrypoints.http.problems import PROBLEMS

DEFAULT_BASE_URL = "http://127.0.0.1:8000"


def reference_page(public_url: str | None = None) -> Handler:
    """Returns the handler of GET /docs; the snippets call the API at this URL."""

    @cache
    def page() -> Response:
        return HTMLResponse(render_reference(public_url or DEFAULT_BASE_URL), headers=PAGE_HEADERS)

    async def get_reference(request: Request) -> Response:
        return page()

    return get_reference


def render_reference(base_url: str) -> str:
    """Returns the page as HTML."""
    by_name = {operation.name: operation for operation in OPERATIONS}
    return render(
        "reference.html",
        version=__version__,
        base_url=base_url,
        groups=_by_group(),
        about=GROUPS,
        problems=PROBLEMS,
        always=ALWAYS,
        variables=shell_variables(by_name, base_url),
        curl=lambda operation: curl(operation, base_url),
        by_status=by_status,
        members_of=_members_of,
        parameters_of=_parameters_of,
        parts_of=parts_of,
        problem_example=problem_example,
        languages={"application/json": JSON, "text/plain": FIGURES, "shell": SHELL},
        pretty=_pretty,
    )


def _pretty(value: Any) -> str:  # JSON of any type, or a text that is shown as it is
    return value.rstrip() if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _by_group() -> Mapping[str, list[Operation]]:
    grouped: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
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
