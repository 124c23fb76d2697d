"""What an operator asks of `user_metadata`, as a JSON Schema; the extra [jsonschema] checks it.

The schema is the operator's, and what is held against it may be anybody's: so no check takes longer than is good, and
none asks another server.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import re2
from jsonschema import ValidationError
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY
from referencing import Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from leadnator_auth.domain.values.json_object import JsonObject

MAX_STEPS = 20_000
"""Keywords that are looked at in one check: a schema that refers to itself can multiply them without end."""
MAX_PROBLEM_LENGTH = 300
_UNCHECKED = "This could not be held against the schema of this server."

Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError]]
_left: ContextVar[Iterator[int]] = ContextVar("_left")


class BadSchemaError(Exception):
    """A file holds no schema that metadata can be held against; the message says why in one line."""


class _TooMuchError(Exception):
    """More was looked at than is good."""


class JsonSchema:
    """MetadataSchema over a file.

    Raises: BadSchemaError.
    """

    def __init__(self, file: Path) -> None:
        try:
            schema = json.loads(file.read_text("utf-8"))
            self._validator = _validator_of(schema)
        except (OSError, ValueError, RecursionError) as error:
            raise BadSchemaError(f"it cannot be read as JSON ({error})") from error
        except jsonschema.SchemaError as error:
            raise BadSchemaError(f"it is no JSON Schema ({_one_line(error)})") from error
        except Unresolvable as error:
            raise BadSchemaError(f"it refers to {error.ref!r}, which is not in it; none is fetched") from error
        if self._problem(JsonObject()) == _UNCHECKED:
            raise BadSchemaError("an empty object cannot be held against it: it refers to itself without end")

    async def problem(self, metadata: JsonObject) -> str | None:
        return await asyncio.to_thread(self._problem, metadata)

    def _problem(self, metadata: JsonObject) -> str | None:
        _left.set(iter(range(MAX_STEPS)))
        try:
            error = next(self._validator.iter_errors(dict(metadata)), None)
        except (_TooMuchError, RecursionError):
            return _UNCHECKED
        return error and _one_line(error)


def _validator_of(schema: object) -> Any:  # jsonschema makes its classes as it runs
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    kind.check_schema(schema)
    specification = specification_with(kind.META_SCHEMA["$schema"])
    if isinstance(schema, dict):
        # With it, what refers to the root would be checked by the library's own class.
        schema = {name: value for name, value in schema.items() if name != "$schema"}
    resource = specification.create_resource(schema)
    _check_parts(resource, REGISTRY.resolver_with_root(resource))
    keywords = kind.VALIDATORS | {name: check for name, check in _OWN.items() if name in kind.VALIDATORS}
    safe = extend(kind, {name: _counted(check) for name, check in keywords.items()})
    return safe(schema, registry=REGISTRY)


def _check_parts(resource: Resource[Any], resolver: Any) -> None:  # of a type that referencing does not tell
    """Makes sure that all that is referred to is there, and that every pattern takes linear time."""
    contents = resource.contents
    if isinstance(contents, Mapping):
        for keyword in ("$ref", "$dynamicRef"):
            if isinstance(contents.get(keyword), str):
                resolver.lookup(contents[keyword])
        for pattern in (*contents.get("patternProperties", ()), contents.get("pattern", "")):
            _compiled(pattern)
        if isinstance(contents.get("$schema"), str):
            raise BadSchemaError("$schema stands in a part of it, where it has no place")
        if "patternProperties" in contents and "unevaluatedProperties" in contents:
            raise BadSchemaError("unevaluatedProperties stands beside patternProperties: use additionalProperties")
    for part in resource.subresources():
        _check_parts(part, resolver.in_subresource(part))


def _one_line(error: ValidationError | jsonschema.SchemaError) -> str:
    text = f"{error.json_path}: {error.message}"
    text = re.sub(r"[^ -~\u00a0-\U0010ffff]+", " ", text)
    return text if len(text) <= MAX_PROBLEM_LENGTH else text[: MAX_PROBLEM_LENGTH - 1] + "…"


def _counted(check: Keyword) -> Keyword:
    def counting(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if next(_left.get(), None) is None:
            raise _TooMuchError
        return check(validator, value, instance, schema) or iter(())

    return counting


@lru_cache(1000)
def _compiled(pattern: str) -> Any:  # re2 has no types of its own
    """Returns a pattern whose search takes linear time, which that of `re` need not."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise BadSchemaError(f"the pattern {pattern!r} cannot be searched for in linear time ({error})") from error


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        for pattern, part in patterns.items():
            for name, value in instance.items():
                if _compiled(pattern).search(name):
                    yield from validator.descend(value, part, path=name, schema_path=pattern)


def _additional_properties(validator: Any, part: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        patterns = [_compiled(pattern) for pattern in schema.get("patternProperties", ())]
        for name, value in instance.items():
            if name in schema.get("properties", ()) or any(pattern.search(name) for pattern in patterns):
                continue
            if part is False:
                yield ValidationError(f"there is no member {name!r}")
            else:
                yield from validator.descend(value, part, path=name)


def _unique_items(validator: Any, is_wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if is_wanted and validator.is_type(instance, "array") and len(set(map(_key, instance))) < len(instance):
        yield ValidationError("some items are the same")


def _key(value: Any) -> object:
    """Returns something that is equal for equal JSON, where `true` is not 1, but 1.0 is."""
    if isinstance(value, list):
        return ("array", *map(_key, value))
    if isinstance(value, dict):
        return "object", frozenset((name, _key(each)) for name, each in value.items())
    return type(value) is bool, value


_OWN: Mapping[str, Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
}
