"""What a token says, read by the rules of RFC 8725; nothing of it is believed before its signature."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Never

import jwt

from leadnator_auth.verifier.errors import InvalidTokenError
from leadnator_auth.verifier.keys import KeySet

MAX_TOKEN_LENGTH = 8 * 1024
LEEWAY_SECONDS = 60
"""How far apart the clocks of the service and of the verifier may be."""

# Three unpadded base64url parts and nothing else: PyJWT would take a padded signature for the same token.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_HEADER_MEMBERS = {"alg", "typ", "kid"}
_LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
_PURPOSE = "access"

JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Verified:
    """Who sends a request, as far as their token says it."""

    user_id: str
    session_id: str
    token_id: str
    issued_at: datetime
    expires_at: datetime
    authenticated_at: datetime | None = None
    """When somebody last proved in the session that the account is theirs, if the token says it (`auth_time`)."""
    amr: tuple[str, ...] = ()
    """How they proved it then, if the token says it (RFC 8176)."""


class SignedToken(NamedTuple):
    """What a genuine token says; whether it counts now is another question."""

    verified: Verified
    session_id: str
    good_from: float
    """In seconds since 1970, with the leeway."""
    good_until: float


def read_token(token: str, keys: KeySet, issuer: str, audience: str) -> SignedToken:
    """Returns what a token says that one of these keys signed.

    Which algorithm it is verified with is the key's, whatever the token says.

    Raises: InvalidTokenError; UnknownKeyError where it names a key that is not among them.
    """
    if len(token) > MAX_TOKEN_LENGTH or not _COMPACT.fullmatch(token):
        raise InvalidTokenError("not a compact JWS")
    header = _header(token)
    kid = header.get("kid")
    if header.get("typ") != "JWT" or not header.keys() <= _HEADER_MEMBERS or not isinstance(kid, str):
        raise InvalidTokenError("a header of another kind")
    key = keys.named(kid)
    if header.get("alg") != key.algorithm:
        raise InvalidTokenError("a header of another kind")
    try:
        payload: bytes = jwt.PyJWS(algorithms=[key.algorithm]).decode(token, key.public, algorithms=[key.algorithm])
    except jwt.PyJWTError as error:
        raise InvalidTokenError("the signature does not match") from error
    return _signed(_object(payload), issuer, audience)


def _signed(payload: JsonObject, issuer: str, audience: str) -> SignedToken:
    if payload.get("iss") != issuer or payload.get("aud") != audience:
        raise InvalidTokenError("made by or for somebody else")
    if payload.get("purpose") != _PURPOSE:
        raise InvalidTokenError("made for another purpose")
    issued_at, expires_at = _seconds(payload, "iat"), _seconds(payload, "exp")
    begins = max(issued_at, _seconds(payload, "nbf") if "nbf" in payload else 0)
    proved_at = _seconds(payload, "auth_time") if "auth_time" in payload else None
    verified = Verified(
        user_id=_id(payload, "sub", "u_"),
        session_id=_id(payload, "sid", "s_"),
        token_id=_id(payload, "jti"),
        issued_at=datetime.fromtimestamp(issued_at, UTC),
        expires_at=datetime.fromtimestamp(expires_at, UTC),
        authenticated_at=None if proved_at is None else datetime.fromtimestamp(proved_at, UTC),
        amr=_texts(payload, "amr"),
    )
    return SignedToken(verified, verified.session_id, begins - LEEWAY_SECONDS, expires_at + LEEWAY_SECONDS)


def _header(token: str) -> JsonObject:
    encoded = token.partition(".")[0]
    try:
        return _object(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError as error:
        raise InvalidTokenError("the header is not base64") from error


def _object(text: bytes) -> JsonObject:
    """Returns a JSON object; PyJWT would accept UTF-16, and the last of two equal members."""
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


def _id(payload: Mapping[str, object], claim: str, prefix: str = "") -> str:
    value = payload.get(claim)
    if not isinstance(value, str) or not value.startswith(prefix) or not _ID.fullmatch(value):
        raise InvalidTokenError(f"{claim} is missing or malformed")
    return value


def _seconds(payload: Mapping[str, object], claim: str) -> int:
    value = payload.get(claim)
    if type(value) is not int or not 0 <= value <= _LATEST:
        raise InvalidTokenError(f"{claim} is missing or malformed")
    return value


def _texts(payload: Mapping[str, object], claim: str) -> tuple[str, ...]:
    value = payload.get(claim, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidTokenError(f"{claim} is malformed")
    return tuple(value)
