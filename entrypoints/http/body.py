"""Reads the fields of a body, strictly: what is ambiguous is refused, not guessed."""

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Never
from urllib.parse import parse_qs

from starlette.requests import Request

from leadnator_auth.domain.fields import Untrusted
from leadnator_auth.domain.text import is_storable
from leadnator_auth.entrypoints.http.refusals import (
    InvalidJsonError,
    InvalidRequestError,
    PayloadTooLargeError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)

MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 32
MAX_FIELDS = 20
BODY_TIMEOUT_SECONDS = 10.0


async def read_fields(request: Request, *names: str) -> tuple[Untrusted, ...]:
    """Returns the members of the JSON body with these names, None for one that is absent; others are ignored.

    What the values are is for the use case to judge.

    Raises: UnsupportedMediaTypeError, PayloadTooLargeError, RequestTimeoutError, and InvalidJsonError, also when a
    member that is ignored holds U+0000 or an unpaired surrogate.
    """
    members = parse_object(await _read(request, "application/json"))
    _check_ignored({name: value for name, value in members.items() if name not in names})
    return tuple(members.get(name) for name in names)


async def read_form(request: Request, *names: str) -> tuple[Untrusted, ...]:
    """Returns the fields of an HTML form with these names, None for one that is absent or given twice.

    Raises: UnsupportedMediaTypeError, PayloadTooLargeError, RequestTimeoutError, InvalidRequestError.
    """
    content = await _read(request, "application/x-www-form-urlencoded")
    try:
        fields = parse_qs(content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidRequestError from None
    values = [fields.get(name, []) for name in names]
    return tuple(given[0] if len(given) == 1 else None for given in values)


def parse_object(content: bytes) -> Mapping[str, object]:
    """Returns the one JSON object in `content`, by the rules of I-JSON (RFC 7493) and at most 32 levels deep.

    Raises: InvalidJsonError.
    """
    try:
        value = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError):
        raise InvalidJsonError from None
    if not isinstance(value, dict) or _depth_exceeds(value, MAX_DEPTH):
        raise InvalidJsonError
    return value


async def _read(request: Request, media_type: str) -> bytes:
    """Returns a body of this media type; an empty one may be without a type."""
    if "content-encoding" in request.headers:
        raise UnsupportedMediaTypeError
    declared_type = request.headers.get("content-type")
    if declared_type is not None:
        _check_media_type(declared_type, media_type)
    content = await _read_bytes(request)
    if declared_type is None and content:
        raise UnsupportedMediaTypeError
    return content


def _check_media_type(declared: str, expected: str) -> None:
    media_type, *parameters = [part.strip().lower() for part in declared.split(";")]
    if media_type != expected:
        raise UnsupportedMediaTypeError
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8"):
            raise UnsupportedMediaTypeError


async def _read_bytes(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:20]) > MAX_BODY_BYTES:
        raise PayloadTooLargeError
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            async for chunk in request.stream():
                content += chunk
                if len(content) > MAX_BODY_BYTES:
                    raise PayloadTooLargeError
    except TimeoutError:
        raise RequestTimeoutError from None
    return bytes(content)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs) or not all(is_storable(name) for name in members):
        raise ValueError("a name is repeated or not text")
    return members


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _depth_exceeds(value: object, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_ignored(members: Mapping[str, object]) -> None:
    if not all(_is_storable_throughout(value) for value in members.values()):
        raise InvalidJsonError


def _is_storable_throughout(value: object) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    return all(_is_storable_throughout(child) for child in _children(value))
