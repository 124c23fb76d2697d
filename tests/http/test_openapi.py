"""The description of the API is valid, complete and true."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Actor, change_user, sign_up
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.openapi import openapi_document
from leadnator_auth.entrypoints.http.operation import Operation
from leadnator_auth.entrypoints.http.operations import OPERATIONS

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.path}")


@pytest.fixture
async def http(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(create_app(memory))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        yield client


def test_the_document_is_valid_openapi() -> None:
    validate(openapi_document())


async def test_the_document_is_served(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/openapi.json")
    assert answer.json() == openapi_document()
    assert answer.headers["Content-Type"] == "application/json"


@every_operation
def test_every_operation_is_described(operation: Operation) -> None:
    described = openapi_document()["paths"][operation.path][operation.method.lower()]
    codes = re.findall(r"[a-z_]+", " ".join(str(answer["description"]) for answer in described["responses"].values()))
    assert {refusal.code for refusal in operation.refusals} <= set(codes)
    assert bool(described["security"]) is operation.needs_token


@every_operation
def test_every_example_fits_its_schema(operation: Operation) -> None:
    Draft202012Validator(operation.success).validate(operation.example_answer)
    if operation.body is not None:
        Draft202012Validator(operation.body_schema).validate(operation.example_body)


@every_operation
async def test_every_example_is_answered_as_described(
    memory: MemoryPorts, http: httpx2.AsyncClient, operation: Operation
) -> None:
    headers = {}
    if operation.path != "/api/auth/signup":
        alice = await sign_up("Alice", "alice@example.com", "minimum-6-chars", **memory.for_sign_in)
        if operation.path.startswith("/api/admin/"):
            await change_user(Actor.operator(), alice.user.id, {"role": "admin"}, **memory.for_administration)
        headers = {"Authorization": f"Bearer {alice.token}"} if operation.needs_token else {}
    path = operation.path
    for parameter in operation.parameters:
        path = path.replace("{" + parameter.name + "}", parameter.example)
    query = {parameter.name: parameter.example for parameter in operation.parameters if parameter.place == "query"}

    answer = await http.request(operation.method, path, params=query, json=operation.example_body, headers=headers)

    if answer.status_code == 200:
        Draft202012Validator(operation.success).validate(answer.json())
    else:
        # The examples name a session, a user and a reset token that do not exist.
        assert answer.json()["code"] in {"not_found", "invalid_reset_token"}
        assert answer.json()["code"] in {refusal.code for refusal in operation.refusals}


def test_no_handler_serves_two_operations() -> None:
    handlers = [operation.handler for operation in OPERATIONS]
    assert len(set(handlers)) == len(handlers)
