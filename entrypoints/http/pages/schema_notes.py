"""JSON Schema in words for people."""

from leadnator_auth.entrypoints.http.openapi.schemas import Schema

_FORMATS = {"date-time": "instant", "email": "e-mail address", "idn-email": "e-mail address", "password": "password"}


def type_of(schema: Schema) -> str:
    """Returns what kind of value it is: "string", "e-mail address", "string or null"."""
    kinds = schema.get("type", "any value")
    named = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return _FORMATS.get(schema.get("format", ""), named)


def notes_on(schema: Schema) -> list[str]:
    """Returns what a value must be, a sentence each."""
    notes = [
        _choices(schema),
        _size(schema, "minLength", "maxLength", " characters"),
        _size(schema, "minimum", "maximum"),
    ]
    if "default" in schema:
        notes.append(f"By default {schema['default']}.")
    notes.append(schema.get("description", ""))
    return [note for note in notes if note]


def _choices(schema: Schema) -> str:
    return "One of " + ", ".join(str(choice) for choice in schema["enum"]) + "." if "enum" in schema else ""


def _size(schema: Schema, least_key: str, most_key: str, unit: str = "") -> str:
    least, most = schema.get(least_key), schema.get(most_key)
    if most is not None:
        return f"{least} to {most:,}{unit}." if least is not None else f"At most {most:,}{unit}."
    if least == 1 and unit:
        return "Not empty."
    return f"At least {least:,}{unit}." if least is not None else ""
