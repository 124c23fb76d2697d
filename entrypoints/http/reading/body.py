"""The fields of a body, read strictly: what is ambiguous is refused, not guessed."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
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

FORM = "application/x-www-form-urlencoded"
MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 20
_LENGTH_DIGITS = len(str(MAX_BODY_BYTES)) + 1
BODY_TIMEOUT_SECONDS = 10.0

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
_PARAMETER = rf"({_TOKEN})=({_TOKEN}|{_QUOTED})"
_MEDIA_TYPE = re.compile(rf"({_TOKEN}/{_TOKEN})((?:[ \t]*+;[ \t]*+(?:{_PARAMETER})?)*+)")
_PARAMETERS = re.compile(rf";[ \t]*+{_PARAMETER}")


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
    fields = await _read_pairs(request)
    values = [fields.get(name, []) for name in names]
    return tuple(given[0] if len(given) == 1 else None for given in values)


async def read_parameters(request: Request, *names: str) -> tuple[RawField, ...]:
    """Returns the parameters of an OAuth request with these names, None for one that is absent; others are ignored.

    No parameter may be given twice (RFC 6749 section 3.1), whatever it is.

    Raises: UnsupportedMediaTypeError, PayloadTooLargeError, RequestTimeoutError, InvalidRequestError.
    """
    fields = await _read_pairs(request)
    if any(len(given) > 1 for given in fields.values()):
        raise InvalidRequestError(detail="A parameter is given twice.")
    return tuple(fields.get(name, [None])[0] for name in names)


async def _read_pairs(request: Request) -> Mapping[str, Sequence[str]]:
    content = await _read(request, FORM)
    try:
        return parse_qs(content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidRequestError from None


async def _read(request: Request, media_type: str) -> bytes:
    """Returns a body of this media type; an empty body needs no type."""
    if "content-encoding" in request.headers:
        raise _unsupported(media_type)
    declared_type = request.headers.get("content-type")
    if declared_type is not None and not _is_of_type(declared_type, media_type):
        raise _unsupported(media_type)
    content = await _read_bytes(request)
    if declared_type is None and content:
        raise _unsupported(media_type)
    return content


def _unsupported(media_type: str) -> UnsupportedMediaTypeError:
    if media_type == "application/json":
        return UnsupportedMediaTypeError()
    detail = f"Send the body as {media_type} in UTF-8, without a Content-Encoding."
    return UnsupportedMediaTypeError({"Accept": media_type}, detail=detail)


def _encoding_told(content: bytes) -> str | None:
    """Returns the fault in the encoding of JSON (RFC 8259 section 8.1), if it can be recognised."""
    encoding = json.detect_encoding(content)
    if encoding == "utf-8":
        return None
    if encoding == "utf-8-sig":
        return "The body begins with a byte-order mark: send UTF-8 without one."
    return f"The body looks like {encoding[:6].upper()}: send UTF-8 without a byte-order mark."


def _is_of_type(declared: str, expected: str) -> bool:
    """Returns whether a media type is well-formed (RFC 9110 section 8.3.1) and this one, and its charset UTF-8.

    No parameter may be there twice (RFC 6838 section 4.3). Some readers take what RFC 2231 makes of a parameter,
    `charset*` or `charset*0`, for the charset, too.
    """
    found = _MEDIA_TYPE.fullmatch(declared.strip(" \t"))
    if found is None or found[1].lower() != expected:
        return False
    parameters = [(name.lower(), value.lower()) for name, value in _PARAMETERS.findall(found[2])]
    names = [name for name, _ in parameters]
    charsets = [(name, value) for name, value in parameters if name.partition("*")[0] == "charset"]
    return len(set(names)) == len(names) and all(
        name == "charset" and _unquoted(value) == "utf-8" for name, value in charsets
    )


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def check_declared_length(declared: bytes) -> None:
    """Raises: PayloadTooLargeError for over 64 KiB, and for what is no length at all."""
    digits = declared.strip(b" \t")
    if not digits.isdigit() or int(digits.lstrip(b"0")[:_LENGTH_DIGITS] or b"0") > MAX_BODY_BYTES:
        raise PayloadTooLargeError


async def _read_bytes(request: Request) -> bytes:
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
