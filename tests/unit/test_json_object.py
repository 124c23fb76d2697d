"""JSON that is kept with an account: what is taken, how it is copied and compared."""

import json
from collections import UserDict
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, get_args

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadnator_auth.domain import BadFieldError, Identity, JsonObject
from leadnator_auth.domain.values.json_object import UNREAD


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def nested(levels: int, innermost: object = None) -> dict[str, Any]:
    value: Any = {} if innermost is None else innermost
    for _ in range(levels - 1):
        value = {"a": value}
    return dict(value)


def nested_lists(levels: int) -> dict[str, Any]:
    value: Any = []
    for _ in range(levels - 2):
        value = [value]
    return {"a": value}


TAKEN: list[dict[str, Any]] = [
    {},
    {"": None},
    {"theme": "dark", "tags": ["a", "b"], "n": 1, "x": 1.5, "yes": True, "no": False, "nothing": None},
    {"big": 2**53 - 1, "small": -(2**53) + 1, "huge": 1e308, "tiny": 5e-324, "zero": -0.0},
    {"text": 'quote " backslash \\ slash / \b\f\n\r\t \x01\x1f\x7f\u2028 ü 猫 🐈'},
    {'key " \\ \n': {"ä": [[], {}]}},
    {"__proto__": {"admin": True}, "constructor": 1, "role": "admin"},
    nested(20),
    nested_lists(20),
    {"a": "x" * (8192 - 8)},
    {"a": "é" * 4092},
    {"a": [1] * 4092},
]
REFUSED: list[tuple[object, str]] = [
    (None, "missing"),
    *((value, "wrong_type") for value in ("{}", "", 1, 1.5, True, False, [], [{}], b"{}", {1}, object())),
    *((value, "wrong_type") for value in ({1: 1}, {None: 1}, {True: 1}, {("a",): 1}, {b"a": 1}, {"a": {2: 1}})),
    *(({"a": value}, "wrong_type") for value in ((1,), {1}, b"x", object(), 1j, json, len, range(3))),
    *(({"a": value}, "invalid_number") for value in (float("nan"), float("inf"), -float("inf"), 2**53, -(2**53))),
    ({"a": [{"b": 10**400}]}, "invalid_number"),
    *(({"a": value}, "invalid_characters") for value in ("\0", "\ud800", "\udfff", "x\udc00x", ["a\0"])),
    *(({value: 1}, "invalid_characters") for value in ("\0", "\ud83d")),
    ({"a": {"b\0": 1}}, "invalid_characters"),
    (nested(21), "too_deep"),
    (nested(5000), "too_deep"),
    (nested_lists(21), "too_deep"),
    ({"a": "x" * (8192 - 7)}, "too_long"),
    ({"a": "é" * 4093}, "too_long"),
    ({"a": "\x01" * 1366}, "too_long"),
    ({"x" * 8193: 1}, "too_long"),
    ({"a": [1] * 4093}, "too_long"),
    ({str(number): None for number in range(9000)}, "too_long"),
]


@pytest.mark.parametrize("value", TAKEN, ids=lambda value: compact(value)[:40])
def test_it_is_what_was_given_and_its_text_is_compact_json(value: dict[str, Any]) -> None:
    made = JsonObject.of(value)
    assert (made.text, dict(made), len(made)) == (compact(value), value, len(value))
    assert json.loads(made.text) == value
    assert len(made.text.encode()) <= 8192
    assert (made == value, made == JsonObject(value), made != {**value, "another": 1}) == (True, True, True)


@pytest.mark.parametrize(("value", "code"), REFUSED, ids=range(len(REFUSED)))
def test_what_not_every_reader_sees_alike_is_refused(value: object, code: str) -> None:
    with pytest.raises(BadFieldError) as refused:
        JsonObject.of(value)
    assert refused.value.code == code
    assert len(refused.value.message) < 200


def test_what_holds_itself_and_what_is_small_but_unfolds_are_refused_at_once() -> None:
    endless: dict[str, Any] = {}
    endless["a"] = endless["b"] = endless
    with pytest.raises(BadFieldError, match="Nest"):
        JsonObject.of(endless)
    folded: Any = "x"
    for _ in range(18):
        folded = [folded] * 10
    with pytest.raises(BadFieldError, match="8,192 bytes"):
        JsonObject.of({"a": folded})


def test_nobody_changes_it_through_what_they_gave_or_took() -> None:
    given_ = {"a": {"b": [1]}}
    made = JsonObject.of(given_)
    given_["a"]["b"].append(2)
    taken = made["a"]
    assert isinstance(taken, dict)
    taken["b"] = "changed"
    dict(made)["a"] = None
    assert (dict(made), made.text) == ({"a": {"b": [1]}}, '{"a":{"b":[1]}}')


def test_it_may_come_from_any_mapping() -> None:
    assert JsonObject.of(MappingProxyType({"a": UserDict({"b": 1})})).text == '{"a":{"b":1}}'
    assert JsonObject.of(JsonObject.of({"a": [1]})).text == '{"a":[1]}'


def test_numbers_and_truth_are_told_apart_in_its_text() -> None:
    assert len({JsonObject.of({"a": value}).text for value in (1, 1.0, True, "1")}) == 4
    assert repr(JsonObject.of({"a": 1})) == "JsonObject({'a': 1})"


def test_looking_into_what_was_not_read_fails_with_what_to_do() -> None:
    for look in (len, list, dict, lambda unread: unread.text, lambda unread: unread["a"], lambda unread: unread == {}):
        with pytest.raises(RuntimeError, match="show_account"):
            look(UNREAD)
    assert repr(UNREAD) == "JsonObject(kept=None)"


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(texts, values, max_size=5))
def test_its_text_is_that_of_the_standard_library(value: dict[str, Any]) -> None:
    assert JsonObject.of(value).text == compact(value)


def test_frameworks_that_look_into_fields_find_no_type_that_holds_itself() -> None:
    """As msgspec and pydantic do with what a handler depends on: `identity: Identity`."""

    def fields_below(kind: object) -> Iterator[object]:
        for part in (kind, *get_args(kind)):
            if isinstance(part, type) and attrs.has(part):
                for field in attrs.fields(attrs.resolve_types(part)):
                    yield field.type
                    yield from fields_below(field.type)

    assert not [each for each in fields_below(Identity) if "ForwardRef" in repr(each) or "'Json'" in repr(each)]
