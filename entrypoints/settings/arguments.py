"""Settings as arguments in Python: each becomes the text that its variable would have, and is checked as that is."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

import attrs

from leadnator_auth.domain import RateLimit
from leadnator_auth.entrypoints.settings.errors import SettingError
from leadnator_auth.entrypoints.settings.values import MOST_TRIES

Field = attrs.Attribute  # of the settings, each of which has a type of its own
_SHOWN = (bool, int, float, timedelta, RateLimit, type(None))
"""What may stand in a message, unless it stands for a secret."""
_LONGEST_PERIOD = timedelta(days=366)


def is_default(value: object, field: "Field[Any]") -> bool:
    """Returns whether a setting is left as it is by default."""
    return type(value) is type(field.default) and value == field.default


def text_of(value: object, field: "Field[Any]") -> str:
    """Returns the text that the variable of a setting has when it says the same as this argument.

    Raises: SettingError.
    """
    match value:
        case str():
            return value
        case bool() if field.default in ("on", "off") or _may_be_off(field):
            return "on" if value else "off"
        case int() if _is_of(field, int) and not isinstance(value, bool):
            return str(int(value))
        case Path() if _is_of(field, Path):
            return str(value)
        case list() | tuple() if _takes_several(field) and all(_is_one(each) for each in value):
            return ",".join(value)
    raise wrong_type(value, field.name, field.metadata)


def limit_of(value: RateLimit, field: "Field[Any]") -> RateLimit:
    """Returns a limit under the name of its setting: what is counted for one never counts for another.

    Raises: SettingError.
    """
    default: object = field.default
    if not isinstance(default, RateLimit) or not _is_in_range(value.count, value.period):
        raise wrong_type(value, field.name, field.metadata)
    return attrs.evolve(value, name=default.name)


def _is_in_range(count: object, period: object) -> bool:
    is_count = isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= MOST_TRIES
    return is_count and isinstance(period, timedelta) and timedelta(seconds=1) <= period <= _LONGEST_PERIOD


def wrong_type(value: object, name: str, metadata: Mapping[str, Any]) -> SettingError:
    """Returns the error for an argument that no variable could say."""
    kind = type(value).__name__
    is_shown = isinstance(value, _SHOWN) and not (metadata["secret"] and value is not None)
    got = f"{value!r} of type {kind}" if is_shown else f"a value of type {kind}"
    return SettingError(f"{metadata['name']} (argument `{name}`): got {got}, takes {metadata['takes']}")


def _is_of(field: "Field[Any]", kind: type) -> bool:
    return field.type is kind or kind in get_args(field.type)


def _may_be_off(field: "Field[Any]") -> bool:
    return str(field.metadata["takes"]).startswith("off,")


def _takes_several(field: "Field[Any]") -> bool:
    return any(get_origin(kind) is tuple for kind in (field.type, *get_args(field.type)))


def _is_one(each: object) -> bool:
    """Returns whether it can be one of several, which commas separate."""
    return isinstance(each, str) and each.strip() != "" and "," not in each
