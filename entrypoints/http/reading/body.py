"""The fields of a body, read strictly: what is ambiguous is refused, not guessed."""

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request

from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.entrypoints.http.reading.strict_json import check_storable, parse_object
from leadnator_auth.entrypoints.http.refusals import (
    InvalidJsonError,
    InvalidRequestError,
    PayloadTooLargeError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)

MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 20
BODY_TIMEOUT_SECONDS = 10.0


async def read_fields(request: Request, *names: str) -> tuple[RawField, ...]:
    """Returns the members of the JSON body with these names, None for one that is absent; others are ignored.

    Raises: what `read_members` raises, and InvalidJsonError when a member that is ignored holds U+0000 or an unpaired
    surrogate.
    """
    members = await read_members(request)
    try:
        check_storable({name: value for name, value in members.items() if name not in names})
    except ValueError:
        raise InvalidJsonError from None
    return tuple(members.get(name) for name in names)


async def read_members(request: Request) -> Mapping[str, RawField]:
    """Returns all members of the JSON body; which may be there, and with what values, is for the use case to judge.

    Raises: UnsupportedMediaTypeError, PayloadTooLargeError, RequestTimeoutError, InvalidJsonError.
    """
    content = await _read(request, "application/json")
    try:
        return parse_object(content)
    except ValueError:
        raise InvalidJsonError(detail=_encoding_told(content)) from None


async def read_form(request: Request, *names: str) -> tuple[RawField, ...]:
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


async def _read(request: Request, media_type: str) -> bytes:
    """Returns a body of this media type; an empty body needs no type."""
    if "content-encoding" in request.headers:
        raise UnsupportedMediaTypeError
    declared_type = request.headers.get("content-type")
    if declared_type is not None:
        _check_media_type(declared_type, media_type)
    content = await _read_bytes(request)
    if declared_type is None and content:
        raise UnsupportedMediaTypeError
    return content


def _encoding_told(content: bytes) -> str | None:
    """Returns the fault in the encoding of JSON (RFC 8259 section 8.1), if it can be recognised."""
    encoding = json.detect_encoding(content)
    if encoding == "utf-8":
        return None
    if encoding == "utf-8-sig":
        return "The body begins with a byte-order mark: send UTF-8 without one."
    return f"The body looks like {encoding[:6].upper()}: send UTF-8 without a byte-order mark."


def _check_media_type(declared: str, expected: str) -> None:
    media_type, *parameters = [part.strip(" \t").lower() for part in declared.split(";")]
    if media_type != expected:
        raise UnsupportedMediaTypeError
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8"):
            raise UnsupportedMediaTypeError


async def _read_bytes(request: Request) -> bytes:
    declared = request.headers.get("content-length", "0").strip(" \t")
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
