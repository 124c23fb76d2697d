"""The curl command of an operation, to be copied into a shell as it is."""

import json
import re
from collections.abc import Mapping
from typing import Any

from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.reading.body import FORM

VARIABLE = re.compile(r"\$([A-Z][A-Z_]*)")
_PARAMETER = re.compile(r"([^/]*)/\{(\w+)\}")


def curl(operation: Operation, base_url: str) -> str:
    """Returns the command that sends the example of an operation, an option a line.

    What no example can know is a shell variable: the token, the id of a session, the secret of a mailed link.
    """
    lines = [f"curl {_quoted_url(base_url, operation.path)}"]
    if operation.method != "GET":
        lines.append(f"-X {operation.method}")
    if operation.needs_token:
        lines.append(f'-H "Authorization: Bearer ${"TOKEN" if operation.scope is None else "API_KEY"}"')
    if operation.example_body is not None and operation.body_type == FORM:
        filled = {**operation.example_body, **{name: f"${each}" for name, each in operation.variables.items()}}
        lines += [f'-d "{name}={value}"' for name, value in filled.items()]
    elif operation.example_body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d {_quoted_body(operation.example_body, operation.variables)}")
    return " \\\n  ".join(lines)


def _quoted_url(base_url: str, path: str) -> str:
    """Returns a URL whose path's parameters are variables named after what they identify: $SESSION_ID in /sessions/."""
    if "{" not in path:
        return _single_quoted(base_url + path)
    literal = re.sub(r'([\\"$`])', r"\\\1", base_url)
    return '"' + literal + _PARAMETER.sub(_variable_in_path, path) + '"'


def _variable_in_path(match: re.Match[str]) -> str:
    collection, parameter = match.groups()
    owner = f"{collection.removesuffix('s').replace('-', '_')}_" if parameter == "id" else ""
    return f"{collection}/${owner.upper()}{parameter.upper()}"


def _quoted_body(body: Mapping[str, Any], variables: Mapping[str, str]) -> str:  # JSON: any value
    filled = {**body, **{member: f"${variable}" for member, variable in variables.items()}}
    text = _single_quoted(json.dumps(filled, ensure_ascii=False, separators=(",", ":")))
    for variable in variables.values():
        text = text.replace(f'"${variable}"', f'"\'"${variable}"\'"')
    return text


def _single_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
