"""Access tokens as JSON Web Tokens (RFC 7519), signed with HS256 and read by the rules of RFC 8725."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Never

import attrs

from leadnator_auth.domain.entities.access_token import AUDIENCE, ISSUER, AccessPurpose, Claims
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.values.ids import SESSION_ID_PREFIX, USER_ID_PREFIX, SessionId, UserId

ALGORITHM = "HS256"
MIN_SECRET_BYTES = 32
"""RFC 7518 section 3.2: a key at least as long as the hash."""

# Three unpadded base64url parts and nothing else: PyJWT would take a padded signature for the same token.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
_HEADER_MEMBERS = {"alg", "typ", "kid"}
MAX_REMEMBERED = 10_000
"""The most tokens remembered, whose signature need not be checked again; about 1 KB each."""
_LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())

JsonObject = dict[str, object]


@attrs.define
class JwtTokens:
    """The AccessTokens over PyJWT. The first secret signs; all of them verify, for rotation without log-outs.

    PyJWT checks the signature. The header and the claims are read here, because PyJWT would accept a token without
    `exp`, or one whose `exp` is a text, and compares times with a clock of its own.
    """

    secrets: Sequence[str] = attrs.field(repr=False)
    issuer: str = ISSUER
    audience: str = AUDIENCE
    _remembered: dict[bytes, Claims] = attrs.field(init=False, repr=False, factory=dict)
    """The claims of genuine tokens by digest, never the tokens themselves; the oldest first."""
    _keys: dict[str, str] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.secrets or any(len(secret.encode()) < MIN_SECRET_BYTES for secret in self.secrets):
            raise ValueError(f"each secret needs at least {MIN_SECRET_BYTES} bytes")
        self._keys = {_key_id(secret): secret for secret in self.secrets}

    def issue(self, claims: Claims) -> str:
        payload: JsonObject = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": claims.user_id,
            "sid": claims.session_id,
            "jti": claims.token_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "purpose": claims.purpose.value,
        }
        if claims.not_before is not None:
            payload["nbf"] = int(claims.not_before.timestamp())
        if claims.path is not None:
            payload["path"] = claims.path
        from leadnator_auth.adapters.jwt_tokens import signing

        secret = self.secrets[0]
        return signing.signed(payload, secret, _key_id(secret))

    def read(self, token: str) -> Claims:
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._remembered.get(digest)
        if claims is None:
            claims = self._read(token)
            while len(self._remembered) >= MAX_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[digest] = claims
        return claims

    def _read(self, token: str) -> Claims:
        from leadnator_auth.adapters.jwt_tokens import signing

        if not _COMPACT.fullmatch(token):
            raise InvalidTokenError("not a compact JWS")
        payload = _object(signing.payload_of(token, self._candidates(_header(token))))
        if payload.get("iss") != self.issuer or payload.get("aud") != self.audience:
            raise InvalidTokenError("made by or for somebody else")
        return Claims(
            user_id=UserId(_id(payload, "sub", USER_ID_PREFIX)),
            session_id=SessionId(_id(payload, "sid", SESSION_ID_PREFIX)),
            token_id=_id(payload, "jti"),
            purpose=_purpose(payload),
            issued_at=_instant(payload, "iat"),
            expires_at=_instant(payload, "exp"),
            path=_path(payload),
            not_before=_instant(payload, "nbf") if "nbf" in payload else None,
        )

    def _candidates(self, header: Mapping[str, object]) -> list[str]:
        """Returns the secrets the token may be signed with: `kid` can only name one of ours (RFC 8725 section 3.10)."""
        if header.get("alg") != ALGORITHM or header.get("typ") != "JWT" or not header.keys() <= _HEADER_MEMBERS:
            raise InvalidTokenError("a header of another kind")
        if "kid" not in header:
            return list(self.secrets)
        named = header["kid"]
        return [self._keys[named]] if isinstance(named, str) and named in self._keys else []


def _key_id(secret: str) -> str:
    """Returns a short name of a secret that reveals nothing about it."""
    return hashlib.sha256(b"leadnator-auth key id\0" + secret.encode()).hexdigest()[:16]


def _header(token: str) -> JsonObject:
    """Returns the header of a token, verified or not. PyJWT would accept UTF-16, and the last of two equal members."""
    encoded = token.partition(".")[0]
    try:
        return _object(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError as error:
        raise InvalidTokenError("the header is not base64") from error


def _object(text: bytes) -> JsonObject:
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


def _purpose(payload: JsonObject) -> AccessPurpose:
    value = payload.get("purpose")
    try:
        return AccessPurpose(str(value))
    except ValueError:
        raise InvalidTokenError("purpose is missing or unknown") from None
