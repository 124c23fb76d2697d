"""The OpenAPI 3.1 document, made from the operations."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from leadnator_auth import __version__
from leadnator_auth.entrypoints.http.api.operations import GROUPS, OPERATIONS
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.openapi.problem_descriptions import (
    HEADERS,
    PROBLEM,
    JsonObject,
    Kind,
    by_status,
    header_names,
    problem_example,
    problem_schema,
)
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.problems import PROBLEMS
from leadnator_auth.entrypoints.http.refusals import InternalError, MethodNotAllowedError

ALWAYS: tuple[Kind, ...] = (MethodNotAllowedError, InternalError)
"""The refusals of every path, whatever the operation."""

_HOLD_NO_SCHEMAS = {"const", "default", "enum", "example", "examples"}
_DESCRIPTION = (
    "Sign-up, log-in and password reset with JSON Web Tokens. Every answer has an X-Request-Id and is not to be "
    "stored, but for the public keys; every error is a problem of RFC 9457. HEAD works where GET does. Members of a "
    "body that are not described are ignored, but for PATCH, which refuses them."
)
_SECURITY_SCHEMES: JsonObject = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token of a sign-up or log-in.",
    },
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, `lnk_…`, in the same header. A call that takes one says so; else it is refused.",
    },
    "token": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The same token, on GET and HEAD only and without an Authorization header: for URLs of media.",
    },
}


def openapi_document(
    public_url: str | None = None, base_path: str = "", operations: Sequence[Operation] = OPERATIONS
) -> JsonObject:
    """Returns the description of these operations.

    `public_url` is where they are served, if that is known; `base_path` is the path that they are below.
    """
    paths: dict[str, JsonObject] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method.lower()] = _operation(operation)
    components: JsonObject = {"responses": {_response_name(kind): _refusal([kind]) for kind in ALWAYS}}
    named: JsonObject = {"Problem": PROBLEM}
    described = moved_out({"paths": paths, "components": components}, named)
    described["components"] |= {
        "schemas": named,
        "examples": {
            kind.code: {"summary": problem.title, "value": problem_example(kind, base_path)}
            for kind, problem in PROBLEMS.items()
        },
        "headers": {name: header | {"required": True} for name, header in HEADERS.items()},
        "securitySchemes": _SECURITY_SCHEMES,
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "leadnator-auth",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": public_url or base_path or "/"}],
        "tags": [
            {"name": group, "description": GROUPS.get(group, "")}
            for group in dict.fromkeys(operation.group for operation in operations)
        ],
        **described,
    }


def moved_out(part: Any, schemas: dict[str, Any]) -> Any:  # any part of a JSON document
    """Returns this part with a reference in place of each schema that has a title, and puts those into `schemas`.

    They are moved into the components: clients get a type of that name.

    Raises: ValueError when two different ones have the same title.
    """
    if isinstance(part, list | tuple):
        return [moved_out(item, schemas) for item in part]
    if not isinstance(part, Mapping):
        return part
    moved = {key: value if key in _HOLD_NO_SCHEMAS else moved_out(value, schemas) for key, value in part.items()}
    title = moved.get("title")
    if not isinstance(title, str):
        return moved
    if schemas.setdefault(title, moved) != moved:
        raise ValueError(f"two schemas have the title {title}")
    return {"$ref": f"#/components/schemas/{title}"}


def _operation(operation: Operation) -> JsonObject:
    description: JsonObject = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.group],
        "security": _security(operation),
        "responses": {
            str(operation.status.value): _success(operation),
            **{str(status): _refusal(kinds) for status, kinds in by_status(operation.refusals).items()},
            **{
                str(PROBLEMS[kind].status.value): {"$ref": f"#/components/responses/{_response_name(kind)}"}
                for kind in ALWAYS
            },
        },
    }
    if operation.method == "GET":
        description["description"] = "HEAD answers the same without a body."
    if operation.parameters:
        description["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        schema = _titled(operation, "Request", operation.body_schema)
        content = {"schema": schema, "example": operation.example_body}
        description["requestBody"] = {"required": True, "content": {operation.body_type: content}}
    return description


def _success(operation: Operation) -> JsonObject:
    described: JsonObject = {
        "description": "Success",
        "headers": {**_headers({"X-Request-Id": True}), **operation.answer_headers},
    }
    if operation.status is HTTPStatus.OK:
        content = {"schema": _answer(operation), "example": operation.example_answer}
        described["content"] = {operation.media_type: content}
    return described


def _security(operation: Operation) -> list[JsonObject]:
    """Returns the ways to send a token; any one of them will do."""
    if not operation.needs_token:
        return []
    if operation.scope is not None:
        return [{"api_key": [operation.scope.value]}]
    names = [
        "bearer",
        *(["api_key"] if operation.for_api_keys else []),
        *(["token"] if operation.method == "GET" else []),
    ]
    return [{name: []} for name in names]


def _answer(operation: Operation) -> Schema:
    """Returns the schema of the answer; a text needs no type of its own."""
    is_text = operation.success.get("type") == "string"
    return operation.success if is_text else _titled(operation, "Response", operation.success)


def _titled(operation: Operation, suffix: str, schema: Schema) -> Schema:
    words = operation.name.split("_")
    return {"title": "".join(word.capitalize() for word in words) + suffix, **schema}


def _parameter(parameter: Parameter) -> JsonObject:
    described = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "schema": parameter.schema,
        "example": int(parameter.example) if parameter.schema.get("type") == "integer" else parameter.example,
    }
    return described | ({"description": parameter.description} if parameter.description else {})


def _refusal(kinds: Sequence[Kind]) -> JsonObject:
    """Returns the answer to errors that share a status and differ in their code."""
    by_code = [problem_schema(kind) for kind in kinds]
    return {
        "description": "; or ".join(f"`{kind.code}`: {PROBLEMS[kind].when.rstrip('.')}" for kind in kinds) + ".",
        "headers": _headers(header_names(kinds)),
        "content": {
            "application/problem+json": {
                "schema": by_code[0] if len(by_code) == 1 else {"oneOf": by_code},
                "examples": {kind.code: {"$ref": f"#/components/examples/{kind.code}"} for kind in kinds},
            }
        },
    }


def _headers(names: Mapping[str, bool]) -> JsonObject:
    return {
        name: {"$ref": f"#/components/headers/{name}"} if is_always_sent else HEADERS[name]
        for name, is_always_sent in names.items()
    }


def _response_name(kind: Kind) -> str:
    return kind.__name__.removesuffix("Error")
