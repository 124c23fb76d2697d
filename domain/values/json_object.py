"""JSON that others keep with an account: immutable, bounded, and the same to every reader (RFC 7493)."""

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Union, cast

from leadnator_auth.domain.values.fields import BadFieldError, RawField, missing
from leadnator_auth.domain.values.text import is_storable

MAX_JSON_BYTES = 8 * 1024
"""Of an object as compact JSON in UTF-8."""
MAX_JSON_DEPTH = 20
_MAX_INTEGER = 2**53 - 1
"""RFC 7493 section 2.2: beyond it, many readers see another number."""

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]  # noqa: UP007 (a name in quotes has no `|`)
"""A value in JSON."""


class JsonObject(Mapping[str, Json]):
    """An object in JSON; what is taken out of it is a copy. It equals any mapping with the same members.

    It is no attrs class: frameworks look into the fields of those, and many cannot read a type that holds itself.
    """

    __slots__ = ("_kept",)

    def __init__(self, kept: Mapping[str, Json] | None = MappingProxyType({})) -> None:
        """Takes what a store read and nobody else changes, None if it was not read; `of` is for all others."""
        self._kept = kept

    @classmethod
    def of(cls, value: RawField) -> "JsonObject":
        """Returns a copy of an object, of at most 8 KiB as compact JSON in UTF-8 and at most 20 levels.

        Raises: BadFieldError when it is missing, not an object, too long or too deep, or holds what JSON cannot,
        U+0000, an unpaired surrogate, or an integer that readers would round.
        """
        if value is None:
            raise missing()
        if not isinstance(value, Mapping):
            raise BadFieldError("wrong_type", "This must be an object.")
        budget = iter(range(MAX_JSON_BYTES))  # each value takes a byte or more
        made = cls(cast(dict[str, Json], _checked(value, MAX_JSON_DEPTH, budget)))
        if len(made.text.encode()) > MAX_JSON_BYTES:
            raise _too_long()
        return made

    def __getitem__(self, name: str) -> Json:
        return _copied(self._members[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return "JsonObject(kept=None)" if self._kept is None else f"JsonObject({dict(self._kept)!r})"

    @property
    def text(self) -> str:
        """The object as compact JSON, its members in the order in which they were given."""
        return _text_of(dict(self._members))

    @property
    def _members(self) -> Mapping[str, Json]:
        if self._kept is None:
            raise RuntimeError("this was not read with the account: `show_account` returns it with all there is")
        return self._kept


EMPTY = JsonObject()
UNREAD = JsonObject(None)
"""In place of one that is kept and was not read; looking into it raises RuntimeError."""


def _checked(value: object, depth: int, budget: Iterator[int]) -> Json:
    """Returns a copy of a value, if it is one that every reader sees alike; it looks at no more than may be kept."""
    if next(budget, None) is None:
        raise _too_long()
    if isinstance(value, Mapping | list):
        if depth == 0:
            raise BadFieldError("too_deep", f"Nest at most {MAX_JSON_DEPTH} levels.")
        if isinstance(value, list):
            return [_checked(each, depth - 1, budget) for each in value]
        return {_name(name): _checked(each, depth - 1, budget) for name, each in value.items()}
    for kind, check in _SCALARS.items():
        if type(value) is kind:
            check(value)
            return cast(Json, value)
    raise BadFieldError("wrong_type", "This holds something that JSON does not have.")


def _name(name: object) -> str:
    if type(name) is not str:
        raise BadFieldError("wrong_type", "The name of a member must be a text.")
    _check_text(name)
    return name


def _check_text(text: str) -> None:
    if len(text) > MAX_JSON_BYTES:
        raise _too_long()
    if not is_storable(text):
        raise BadFieldError("invalid_characters", "This holds a character that is not allowed.")


def _check_integer(number: int) -> None:
    if abs(number) > _MAX_INTEGER:
        raise BadFieldError("invalid_number", "Use integers between -(2^53 - 1) and 2^53 - 1; write others as text.")


def _check_float(number: float) -> None:
    if not math.isfinite(number):
        raise BadFieldError("invalid_number", "This holds a number that JSON does not have.")


_SCALARS: Mapping[type, Callable[..., None]] = {
    str: _check_text,
    int: _check_integer,
    float: _check_float,
    bool: lambda value: None,
    type(None): lambda value: None,
}


def _too_long() -> BadFieldError:
    return BadFieldError("too_long", f"Use at most {MAX_JSON_BYTES:,} bytes, as compact JSON in UTF-8.")


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


# The core loads no encoder of JSON; how long an object is, and whether two are the same, is a rule of its own.
_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)} | {
    ord(character): f"\\{letter}" for character, letter in zip('"\\\b\f\n\r\t', '"\\bfnrt', strict=True)
}
_WORDS: Mapping[object, str] = {None: "null", True: "true", False: "false"}


def _text_of(value: Json) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if isinstance(value, list):
        return f"[{','.join(map(_text_of, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{_text_of(name)}:{_text_of(each)}' for name, each in value.items())}}}"
    return _WORDS[value] if value is None or isinstance(value, bool) else repr(value)
