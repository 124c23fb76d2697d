"""The OpenAPI 3.1 document, made from the operations."""

from collections import defaultdict
from typing import Any

from leadnator_auth import __version__
from leadnator_auth.entrypoints.http import schemas
from leadnator_auth.entrypoints.http.operation import Operation
from leadnator_auth.entrypoints.http.operations import OPERATIONS
from leadnator_auth.entrypoints.http.problems import PROBLEMS

JsonObject = dict[str, Any]  # OpenAPI is JSON: any value may stand at any key


def openapi_document() -> JsonObject:
    """Returns the description of the whole API."""
    paths: dict[str, JsonObject] = defaultdict(dict)
    for operation in OPERATIONS:
        paths[operation.path][operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "leadnator-auth",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": group} for group in dict.fromkeys(operation.group for operation in OPERATIONS)],
        "paths": dict(paths),
        "components": {
            "schemas": {"Problem": schemas.PROBLEM},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(operation: Operation) -> JsonObject:
    description: JsonObject = {
        "operationId": operation.handler.__name__,
        "summary": operation.summary,
        "tags": [operation.group],
        "security": [{"bearer": []}] if operation.needs_token else [],
        "responses": {
            "200": {
                "description": "Success",
                "content": {"application/json": {"schema": operation.success, "example": operation.example_answer}},
            },
            **_refusals(operation),
        },
    }
    if operation.parameters:
        description["parameters"] = [
            {
                "name": parameter.name,
                "in": parameter.place,
                "required": parameter.place == "path",
                "schema": parameter.schema,
                "example": int(parameter.example) if parameter.schema.get("type") == "integer" else parameter.example,
            }
            for parameter in operation.parameters
        ]
    if operation.body is not None:
        content = {"schema": operation.body_schema, "example": operation.example_body}
        description["requestBody"] = {"required": True, "content": {"application/json": content}}
    return description


def _refusals(operation: Operation) -> JsonObject:
    """Returns the answers other than success; several errors of one status share it, told apart by their code."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for refusal in operation.refusals:
        by_status[PROBLEMS[refusal].status.value].append(refusal.code)
    return {
        str(status): {
            "description": "One of the codes: " + ", ".join(codes),
            "content": {
                "application/problem+json": {
                    "schema": {
                        "allOf": [
                            {"$ref": "#/components/schemas/Problem"},
                            {"properties": {"code": {"enum": codes}}},
                        ]
                    }
                }
            },
        }
        for status, codes in sorted(by_status.items())
    }
