"""Reading the parts of a token, more strictly than PyJWT does (RFC 8725)."""

import base64
import json
import re
from datetime import UTC, datetime
from typing import Never

from leadnator_auth.domain.entities.access_token import AccessPurpose, Claims
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.values.ids import SESSION_ID_PREFIX, USER_ID_PREFIX, SessionId, UserId

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())

JsonObject = dict[str, object]


def claims_in(payload: JsonObject) -> Claims:
    """Returns what a payload claims.

    Raises: InvalidTokenError when a claim is missing, or is none of ours.
    """
    return Claims(
        user_id=UserId(_id(payload, "sub", USER_ID_PREFIX)),
        session_id=SessionId(_id(payload, "sid", SESSION_ID_PREFIX)),
        token_id=_id(payload, "jti"),
        purpose=_purpose(payload),
        issued_at=_instant(payload, "iat"),
        expires_at=_instant(payload, "exp"),
        path=_path(payload),
        not_before=_instant(payload, "nbf") if "nbf" in payload else None,
        authenticated_at=_instant(payload, "auth_time") if "auth_time" in payload else None,
        amr=_methods(payload),
    )


def header_of(token: str) -> JsonObject:
    """Returns the header of a token, verified or not. PyJWT would accept UTF-16, and the last of two equal members.

    Raises: InvalidTokenError.
    """
    encoded = token.partition(".")[0]
    try:
        return object_in(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError as error:
        raise InvalidTokenError("the header is not base64") from error


def object_in(text: bytes) -> JsonObject:
    """Returns the JSON object in a part of a token.

    Raises: InvalidTokenError.
    """
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidTokenError("a part is not JSON") from error
    if not isinstance(value, dict):
        raise InvalidTokenError("a part is not an object")
    return value


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _id(payload: JsonObject, claim: str, prefix: str = "") -> str:
    value = payload.get(claim)
    if not isinstance(value, str) or not value.startswith(prefix) or not _ID.fullmatch(value):
        raise InvalidTokenError(f"{claim} is missing or malformed")
    return value


def _instant(payload: JsonObject, claim: str) -> datetime:
    value = payload.get(claim)
    if type(value) is not int or not 0 <= value <= _LATEST:
        raise InvalidTokenError(f"{claim} is missing or malformed")
    return datetime.fromtimestamp(value, UTC)


def _path(payload: JsonObject) -> str | None:
    value = payload.get("path")
    if value is not None and not isinstance(value, str):
        raise InvalidTokenError("path is malformed")
    return value


def _methods(payload: JsonObject) -> tuple[str, ...]:
    value = payload.get("amr", [])
    if not isinstance(value, list) or not all(isinstance(method, str) for method in value):
        raise InvalidTokenError("amr is malformed")
    return tuple(value)


def _purpose(payload: JsonObject) -> AccessPurpose:
    value = payload.get("purpose")
    try:
        return AccessPurpose(str(value))
    except ValueError:
        raise InvalidTokenError("purpose is missing or unknown") from None
