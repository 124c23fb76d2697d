"""Access tokens as JSON Web Tokens (RFC 7519), signed as the settings say and read by the rules of RFC 8725."""

import hashlib
import re
from collections.abc import Mapping, Sequence

import attrs

from leadnator_auth.adapters.jwt_tokens.reading import JsonObject, claims_in, header_of, object_in
from leadnator_auth.domain.entities.access_token import AUDIENCE, ISSUER, Claims
from leadnator_auth.domain.entities.key_ring import KeyRing
from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.errors import InvalidTokenError, UnavailableError, UnknownSigningKeyError
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.public_key import SigningAlgorithm

MIN_SECRET_BYTES = 32
"""RFC 7518 section 3.2: a key at least as long as the hash."""

# Three unpadded base64url parts and nothing else: PyJWT would take a padded signature for the same token.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_HEADER_MEMBERS = {"alg", "typ", "kid"}
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_HS256 = SigningAlgorithm.HS256.value
MAX_REMEMBERED = 10_000
"""The most tokens remembered, whose signature need not be checked again; about 1 KB each."""


@attrs.define
class JwtTokens:
    """The AccessTokens over PyJWT. The first secret signs; all of them verify, for rotation without log-outs.

    Where the ring has a key that signs, that one signs in place of the secret; its keys verify in any case. Which key
    and which algorithm a token has to be verified with is looked up by its `kid`, and never believed.

    PyJWT checks the signature. The header and the claims are read here, because PyJWT would accept a token without
    `exp`, or one whose `exp` is a text, and compares times with a clock of its own.
    """

    secrets: Sequence[str] = attrs.field(repr=False)
    issuer: str = ISSUER
    audience: str = AUDIENCE
    ring: KeyRing = attrs.field(factory=KeyRing, repr=False)
    master_keys: MasterKeys = attrs.field(default=MasterKeys(), repr=False)
    """What the private halves of the keys in the ring are opened with."""
    _remembered: dict[bytes, tuple[Claims, str]] = attrs.field(init=False, repr=False, factory=dict)
    """The claims of genuine tokens by digest, with the key of the ring; never the tokens themselves; oldest first."""
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
        if claims.authenticated_at is not None:
            payload["auth_time"] = int(claims.authenticated_at.timestamp())
        if claims.amr:
            payload["amr"] = list(claims.amr)
        if self.ring.algorithm.has_public_keys:
            return self._signed_for_others(payload)
        from leadnator_auth.adapters.jwt_tokens import signing

        secret = self.secrets[0]
        return signing.signed(payload, secret, _key_id(secret))

    def read(self, token: str) -> Claims:
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        remembered = self._remembered.get(digest)
        if remembered is None:
            remembered = self._read(token)
            while len(self._remembered) >= MAX_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[digest] = remembered
        claims, kid = remembered
        if kid and kid not in self.ring.verifying:
            del self._remembered[digest]
            raise UnknownSigningKeyError("its key has been retired")
        return claims

    def _signed_for_others(self, payload: JsonObject) -> str:
        from leadnator_auth.adapters.jwt_tokens import pairs  # what needs `cryptography`

        if self.ring.signing is None:
            raise UnavailableError("there is no key to sign with yet")
        return pairs.signed(payload, self.ring.signing, self.master_keys)

    def _read(self, token: str) -> tuple[Claims, str]:
        """Returns the claims of a token, and the kid of the key in the ring that it is signed with, if it is one."""
        if not _COMPACT.fullmatch(token):
            raise InvalidTokenError("not a compact JWS")
        header = header_of(token)
        if header.get("typ") != "JWT" or not header.keys() <= _HEADER_MEMBERS:
            raise InvalidTokenError("a header of another kind")
        key = self._key_of(header)
        payload = object_in(self._payload_of(token, header) if key is None else _payload_of(token, key))
        if payload.get("iss") != self.issuer or payload.get("aud") != self.audience:
            raise InvalidTokenError("made by or for somebody else")
        return claims_in(payload), key.kid if key else ""

    def _key_of(self, header: Mapping[str, object]) -> SigningKey | None:
        """Returns the key of the ring that the token names, or None where it can only be signed with a secret."""
        algorithm, kid = header.get("alg"), header.get("kid")
        key = self.ring.verifying.get(kid) if isinstance(kid, str) else None
        if key is None and algorithm == _HS256:
            return None
        if key is None and isinstance(kid, str) and _THUMBPRINT.fullmatch(kid) and _is_for_others(algorithm):
            raise UnknownSigningKeyError
        if key is None or algorithm != key.public.algorithm.value:
            raise InvalidTokenError("a header of another kind")
        return key

    def _payload_of(self, token: str, header: Mapping[str, object]) -> bytes:
        """Returns what a secret signed: `kid` can only name one of ours (RFC 8725 section 3.10)."""
        from leadnator_auth.adapters.jwt_tokens import signing

        if "kid" not in header:
            return signing.payload_of(token, self.secrets)
        named = header["kid"]
        return signing.payload_of(token, [self._keys[named]] if isinstance(named, str) and named in self._keys else [])


def _payload_of(token: str, key: SigningKey) -> bytes:
    from leadnator_auth.adapters.jwt_tokens import pairs  # what needs `cryptography`

    return pairs.payload_of(token, key.public)


def _is_for_others(algorithm: object) -> bool:
    return any(each.has_public_keys and algorithm == each.value for each in SigningAlgorithm)


def _key_id(secret: str) -> str:
    """Returns a short name of a secret that reveals nothing about it."""
    return hashlib.sha256(b"leadnator-auth key id\0" + secret.encode()).hexdigest()[:16]
