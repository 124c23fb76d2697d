"""A JSON Schema for metadata: what it takes, what it refuses to be, and that nothing in it stalls or is fetched."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leadnator_auth.adapters.json_schema import BadSchemaError, JsonSchema
from leadnator_auth.domain import JsonObject

DRAFTS = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-04/schema#",
]
EVIL = r"^(([a-z])+.)+[A-Z]([a-z])+$"
"""From OWASP's page on ReDoS: `re` takes longer than anybody waits for the text below."""
VICTIM = "a" * 4000 + "!"

Load = Callable[[object], JsonSchema]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Returns the schema in a file with this content."""

    def loaded(schema: object) -> JsonSchema:
        file = tmp_path / "schema.json"
        file.write_text(schema if isinstance(schema, str) else json.dumps(schema), "utf-8")
        return JsonSchema(file)

    return loaded


async def problem(schema: JsonSchema, metadata: dict[str, Any]) -> str | None:
    return await schema.problem(JsonObject.of(metadata))


SHAPE = {
    "type": "object",
    "properties": {
        "theme": {"enum": ["dark", "light"]},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"$ref": "#/definitions/tag"}, "uniqueItems": True},
    },
    "patternProperties": {"^x-": {"type": "string"}},
    "additionalProperties": False,
    "definitions": {"tag": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5}},
}
GOOD: list[dict[str, Any]] = [
    {},
    {"theme": "dark", "age": 7, "tags": ["a", "b"], "x-note": "ü ☕"},
    {"age": 7.0},
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"theme": "blue"}, "$.theme: "),
    ({"age": "7"}, "$.age: "),
    ({"age": True}, "$.age: "),
    ({"age": -1}, "$.age: "),
    ({"tags": ["a", "a"]}, "$.tags: some items are the same"),
    ({"tags": ["A"]}, "$.tags[0]: "),
    ({"tags": ["abcdef"]}, "$.tags[0]: "),
    ({"x-note": 5}, "$['x-note']: "),
    ({"y-note": "x"}, "$: there is no member 'y-note'"),
]


@pytest.mark.parametrize("draft", DRAFTS)
async def test_what_satisfies_it_is_taken_and_what_does_not_is_told_where(load: Load, draft: str) -> None:
    schema = load({"$schema": draft, **SHAPE})
    for good in GOOD[: 2 if draft.endswith("04/schema#") else 3]:
        assert await problem(schema, good) is None
    for bad, where in BAD:
        told = await problem(schema, bad)
        assert told is not None
        assert where.replace("['x-note']", "") in told.replace("['x-note']", "").replace(".x-note", "")


async def test_what_is_told_is_one_short_line(load: Load) -> None:
    told = await problem(load({"properties": {"a": {"maxLength": 1}}}), {"a": "\x1b[31m\n\r\u0085 " + "x" * 8000})
    assert told is not None
    assert len(told) == 300
    assert told.isprintable()


STALLING: list[tuple[object, dict[str, Any]]] = [
    ({"properties": {"a": {"pattern": EVIL}}}, {"a": VICTIM}),
    ({"propertyNames": {"pattern": EVIL}}, {VICTIM: 1}),
    ({"patternProperties": {EVIL: False}}, {VICTIM: 1}),
    ({"patternProperties": {EVIL: {}}, "additionalProperties": False}, {VICTIM: 1}),
    ({"$schema": DRAFTS[0], "properties": {"in": {"$ref": "#"}, "a": {"pattern": EVIL}}}, {"in": {"a": VICTIM}}),
    ({"$defs": {"s": {"$id": "urn:s", "pattern": EVIL}}, "additionalProperties": {"$ref": "urn:s"}}, {"a": VICTIM}),
    ({"anyOf": [{"properties": {"a": {"not": {"pattern": EVIL}}}}, False]}, {"a": VICTIM}),
    ({"properties": {"a": {"items": {"pattern": "(a*)*b"}}}}, {"a": ["a" * 80] * 90}),
    ({"properties": {"a": {"uniqueItems": True}}}, {"a": [1, "a", *([[n] for n in range(1100)])]}),
    (
        {
            "$defs": {"n": {"anyOf": [{"properties": {"a": {"$ref": "#/$defs/n"}}, "required": ["b"]}] * 3}},
            "$ref": "#/$defs/n",
        },
        json.loads('{"a":' * 19 + "{}" + "}" * 19),
    ),
]


@pytest.mark.parametrize(("schema", "metadata"), STALLING, ids=range(len(STALLING)))
async def test_no_check_takes_longer_than_is_good(load: Load, schema: object, metadata: dict[str, Any]) -> None:
    """With the library's own search and comparison, hardly any of these would ever end."""
    schema_in_force = load(schema)
    for _ in range(3):
        await problem(schema_in_force, metadata)


async def test_what_would_take_too_many_steps_is_refused(load: Load) -> None:
    schema, metadata = STALLING[-1]
    assert await problem(load(schema), metadata) == "This could not be held against the schema of this server."


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("{", "cannot be read as JSON"),
        ('{"type": "object"', "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ({"type": "objekt"}, "is no JSON Schema"),
        ({"properties": []}, "is no JSON Schema"),
        ([], "is no JSON Schema"),
        ({"pattern": "("}, "is no JSON Schema"),
        ({"properties": {"a": {"pattern": r"(a)\1"}}}, "linear time"),
        ({"$defs": {"a": {"pattern": "(?=a)"}}}, "linear time"),
        ({"patternProperties": {"(?<!a)b": {}}}, "linear time"),
        ({"$ref": "https://example.com/schema.json"}, "'https://example.com/schema.json', which is not in it"),
        ({"items": {"$ref": "file:///etc/passwd"}}, "which is not in it"),
        ({"items": {"$ref": "#/definitions/nowhere"}}, "which is not in it"),
        ({"$id": "http://example.com/a/", "properties": {"a": {"$ref": "b.json"}}}, "which is not in it"),
        ({"$dynamicRef": "http://127.0.0.1:1/x"}, "which is not in it"),
        ({"$ref": "#"}, "without end"),
        ({"allOf": [{"$ref": "#"}]}, "without end"),
        ({"$defs": {"a": {"$schema": DRAFTS[2], "pattern": "a"}}}, "$schema stands in a part"),
        ({"patternProperties": {"a": {}}, "unevaluatedProperties": False}, "use additionalProperties"),
    ],
)
def test_what_could_stall_fetch_or_fail_later_is_refused_when_it_is_read(
    load: Load, monkeypatch: pytest.MonkeyPatch, schema: object, why: str
) -> None:
    def no_network(*arguments: object, **named: object) -> None:
        raise AssertionError("it asks another server")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    with pytest.raises(BadSchemaError) as refused:
        load(schema)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_metaschemas_are_at_hand(load: Load) -> None:
    schema = load({"properties": {"schema": {"$ref": DRAFTS[0]}}})
    assert await problem(schema, {"schema": {"type": "object"}}) is None
    assert await problem(schema, {"schema": {"type": 5}}) is not None


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadSchemaError, match="cannot be read"):
        JsonSchema(tmp_path / "none.json")


async def test_true_and_false_are_schemas(load: Load) -> None:
    assert await problem(load(True), {"a": 1}) is None
    assert await problem(load(False), {}) is not None
