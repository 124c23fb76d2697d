"""Schemas with a title, moved into the components of an OpenAPI document: clients get a type of that name."""

from collections.abc import Mapping
from typing import Any

_HOLD_NO_SCHEMAS = {"const", "default", "enum", "example", "examples"}


def moved_out(part: Any, schemas: dict[str, Any]) -> Any:  # any part of a JSON document
    """Returns this part with a reference in place of each schema that has a title, and puts those into `schemas`.

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
