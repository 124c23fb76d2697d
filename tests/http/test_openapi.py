"""The description of the API is valid, complete and true."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Actor, change_user, create_api_key_for, sign_up
from leadnator_auth.domain.entities.rate_limit import RateLimit, Refusal, TooManyRequestsError
from leadnator_auth.domain.errors import (
    AuthError,
    FieldError,
    InvalidFieldsError,
    MissingFieldsError,
    SecondFactorRequiredError,
)
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.openapi.document import ALWAYS, moved_out, openapi_document
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.problems import PROBLEMS, problem_response
from leadnator_auth.entrypoints.http.reading.body import FORM
from leadnator_auth.entrypoints.http.refusals import RequestError

Json = dict[str, Any]  # a part of the document: any value at any key

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method} {o.path}")


@pytest.fixture
async def http(memory: MemoryPorts) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(create_app(memory))
    async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
        yield client


@pytest.fixture(scope="module")
def document() -> Json:
    """The document of a server that knows its public URL."""
    return openapi_document("https://auth.example.com/base")


def resolved(document: Json, part: Json) -> Json:
    """Returns what a reference in the document points to, or the part itself."""
    while "$ref" in part:
        found: Json = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def answers_to(document: Json, operation: Operation) -> dict[str, Json]:
    answers = document["paths"][operation.path][operation.method.lower()]["responses"]
    return {status: resolved(document, answer) for status, answer in answers.items()}


def validator(document: Json, schema: Json) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def test_the_document_is_valid_openapi(document: Json) -> None:
    validate(document)
    validate(openapi_document())


async def test_the_document_is_served(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/openapi.json")
    assert answer.json() == openapi_document()
    assert answer.headers["Content-Type"] == "application/json"


async def test_the_served_document_names_the_public_url(memory: MemoryPorts) -> None:
    transport = httpx2.ASGITransport(create_app(memory, public_url="https://auth.example.com/base"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://evil.test") as client:
        document = (await client.get("/openapi.json")).json()
    assert document["servers"] == [{"url": "https://auth.example.com/base"}]
    assert "evil" not in json.dumps(document)


@every_operation
def test_every_refusal_is_described_with_the_body_that_is_sent(document: Json, operation: Operation) -> None:
    told: dict[str, str] = {}
    for status, answer in answers_to(document, operation).items():
        if status == str(operation.status.value):
            continue
        content = answer["content"]["application/problem+json"]
        for code, reference in content["examples"].items():
            example = resolved(document, reference)["value"]
            validator(document, content["schema"]).validate(example)
            assert (str(example["status"]), example["code"], example["type"]) == (status, code, f"/docs#{code}")
            told[code] = status
        with pytest.raises(ValidationError):
            validator(document, content["schema"]).validate(example | {"code": "something_else"})
    expected = {kind.code: str(PROBLEMS[kind].status.value) for kind in (*operation.refusals, *ALWAYS)}
    assert told == expected


@every_operation
def test_the_headers_of_every_answer_are_described(document: Json, operation: Operation) -> None:
    needed = {
        "401": {"WWW-Authenticate"},
        "405": {"Allow"},
        "429": {"Retry-After", "RateLimit", "RateLimit-Policy"},
        "503": {"Retry-After"},
    }
    for status, answer in answers_to(document, operation).items():
        headers = {name: resolved(document, header) for name, header in answer["headers"].items()}
        assert {"X-Request-Id"} | needed.get(status, set()) <= headers.keys()
        assert headers["X-Request-Id"]["required"]
        assert all(headers[name]["required"] for name in needed.get(status, ()))


@every_operation
def test_who_may_call_is_described(document: Json, operation: Operation) -> None:
    described = document["paths"][operation.path][operation.method.lower()]
    ways = [name for way in described["security"] for name in way]
    if not operation.needs_token:
        assert ways == []
    elif operation.scope is not None:
        assert described["security"] == [{"api_key": [operation.scope.value]}]
    else:
        assert [way for way in ways if way != "api_key"] == (
            ["bearer", "token"] if operation.method == "GET" else ["bearer"]
        )
        assert ("api_key" in ways) is operation.for_api_keys
    schemes = document["components"]["securitySchemes"]
    assert (schemes["bearer"]["type"], schemes["bearer"]["scheme"]) == ("http", "bearer")
    assert (schemes["token"]["type"], schemes["token"]["in"], schemes["token"]["name"]) == ("apiKey", "query", "token")


@pytest.mark.parametrize("kind", PROBLEMS, ids=lambda kind: kind.code)
def test_the_example_of_each_problem_is_what_is_sent(document: Json, kind: type[AuthError | RequestError]) -> None:
    errors = {
        MissingFieldsError: MissingFieldsError((FieldError("email", "missing", "This field is required."),)),
        InvalidFieldsError: InvalidFieldsError((FieldError("password", "too_short", "Use at least 6 characters."),)),
        TooManyRequestsError: TooManyRequestsError(
            Refusal(RateLimit("login", 10, timedelta(minutes=1)), datetime(2026, 1, 1, tzinfo=UTC)),
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
        SecondFactorRequiredError: SecondFactorRequiredError(
            "u_1", "mfa_xyz…", datetime(2026, 1, 1, 12, 5, tzinfo=UTC), ("totp", "recovery_code")
        ),
    }
    sent = json.loads(bytes(problem_response(errors[kind] if kind in errors else kind()).body))
    assert document["components"]["examples"][kind.code]["value"] == sent


def test_what_clients_make_types_of_has_a_name(document: Json) -> None:
    names = document["components"]["schemas"].keys()
    assert {"User", "UserProfile", "UserSummary", "Session", "Problem", "FieldError", "Ok"} <= names
    assert {"SignUpRequest", "SignUpResponse", "InvalidCredentialsProblem"} <= names


def test_no_two_schemas_share_a_name() -> None:
    with pytest.raises(ValueError, match="Session"):
        moved_out([{"title": "Session", "type": "object"}, {"title": "Session", "type": "string"}], {})


def test_the_names_of_operations_are_good_for_methods(document: Json) -> None:
    names = [method["operationId"] for methods in document["paths"].values() for method in methods.values()]
    assert {"sign_up", "log_in", "get_me", "forgot_password", "reset_password", "log_out"} <= set(names)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names)


def test_every_group_says_what_it_is_about(document: Json) -> None:
    used = {method["tags"][0] for methods in document["paths"].values() for method in methods.values()}
    assert {tag["name"] for tag in document["tags"] if tag["description"]} == used
    assert document["tags"][0]["name"] == "Authentication"


NOT_THERE = {"not_found", "invalid_reset_token", "invalid_email_token", "invalid_refresh_token", "invalid_challenge"}


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
        alice = await sign_up("Alice", "alice@example.com", "minimum-6-chars", ports=memory)
        if operation.path.startswith("/api/admin/") or operation.scope is not None:
            await change_user(Actor.operator(), alice.user.id, {"role": "admin"}, ports=memory)
        scopes = [] if operation.scope is None else [operation.scope.value]
        key = await create_api_key_for(alice.user.id, "the example's", scopes, ports=memory)
        credential = alice.token if operation.scope is None else key.secret
        headers = {"Authorization": f"Bearer {credential}"} if operation.needs_token else {}
    path = operation.path
    for parameter in operation.parameters:
        path = path.replace("{" + parameter.name + "}", parameter.example)
    query = {parameter.name: parameter.example for parameter in operation.parameters if parameter.place == "query"}

    body: dict[str, Any] = {"data" if operation.body_type == FORM else "json": operation.example_body}
    answer = await http.request(operation.method, path, params=query, headers=headers, **body)

    if answer.status_code == 204:
        assert operation.status == 204
    elif answer.status_code == 200:
        assert answer.headers["Content-Type"].partition(";")[0] == operation.media_type
        is_text = operation.media_type == "text/plain"
        Draft202012Validator(operation.success).validate(answer.text if is_text else answer.json())
    else:
        # The examples name a session, a user and tokens of mailed links that do not exist.
        assert answer.json()["code"] in NOT_THERE
        assert answer.json()["code"] in {refusal.code for refusal in operation.refusals}


def test_no_handler_serves_two_operations() -> None:
    handlers = [operation.handler for operation in OPERATIONS]
    assert len(set(handlers)) == len(handlers)


def test_what_may_be_absent_may_be_null() -> None:
    """It counts as absent, so that clients may send all the members that they know of."""
    optional = [(each, member) for each in OPERATIONS for member in each.optional]
    assert [
        (operation.name, member)
        for operation, member in optional
        if "null" not in (operation.body or {})[member].get("type", ())
    ] == []
