"""JSON as strict as I-JSON (RFC 7493): what is ambiguous is refused, not guessed."""

import json
import math
from collections.abc import Mapping
from typing import Never

from leadnator_auth.domain.values.text import is_storable

MAX_DEPTH = 32


def parse_object(content: bytes) -> Mapping[str, object]:
    """Returns the one JSON object in `content`, which must be UTF-8, repeat no name and be at most 32 levels deep.

    The names of its members hold no U+0000 and no unpaired surrogate. What is in a member may: that is a fault of the
    member, for whoever reads it to tell.

    Raises: ValueError.
    """
    try:
        value = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict) or _depth_exceeds(value, MAX_DEPTH):
        raise ValueError("not an object, or too deep")
    if not all(map(is_storable, value)):
        raise ValueError("a name is not text")
    return value


def check_storable(members: Mapping[str, object]) -> None:
    """Raises: ValueError when a text or a name anywhere in the members holds U+0000 or an unpaired surrogate."""
    if not all(_is_storable_throughout(value) for value in members.values()):
        raise ValueError("holds a character that is not allowed")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated")
    return members


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _depth_exceeds(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _is_storable_throughout(value: object) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, dict) and not all(map(is_storable, value)):
        return False
    return all(_is_storable_throughout(child) for child in _children(value))
