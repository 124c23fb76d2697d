"""The public keys of the service: a table from kid to key and algorithm, which no token has a say in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import jwt

from leadnator_auth.verifier.errors import InvalidTokenError

try:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm
except ModuleNotFoundError as error:
    needed = "leadnator_auth.verifier needs cryptography: pip install 'leadnator-auth[verifier]'"
    raise ModuleNotFoundError(needed, name=error.name) from error

MAX_KEYS = 100
NO_KEYS = (
    "the service publishes no keys, because it signs with a secret: set LEADNATOR_JWT_ALGORITHM=EdDSA (or ES256) there"
)

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


class KeySetError(Exception):
    """What was fetched is no set of keys that can be used."""


class UnknownKeyError(InvalidTokenError):
    """The token names a key that is not known; perhaps it will be."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, and the one algorithm it is for."""

    public: PublicKey
    algorithm: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys by their kid."""

    keys: Mapping[str, VerifyingKey] = field(default_factory=dict)
    text: bytes = b""
    """What it was read from."""

    def named(self, kid: str) -> VerifyingKey:
        """Returns the key with this kid.

        Raises: UnknownKeyError.
        """
        key = self.keys.get(kid)
        if key is None:
            raise UnknownKeyError("an unknown key")
        return key


def read_key_set(text: bytes) -> KeySet:
    """Returns the keys of a JWK set (RFC 7517) that can verify our tokens: Ed25519 and P-256, never a symmetric one.

    Others are left out, as section 5 of that RFC says.

    Raises: KeySetError when there is none, or it is no JWK set.
    """
    try:
        entries = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise KeySetError("the answer of the service is no JWK set") from error
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise KeySetError("the answer of the service is no JWK set, or a far too long one")
    keys = dict(_usable(entries))
    if not keys:
        raise KeySetError(NO_KEYS if not entries else "the service publishes no key that is known here")
    return KeySet(keys, text)


def _usable(entries: list[object]) -> Iterator[tuple[str, VerifyingKey]]:
    seen: set[str] = set()
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        kid, key = entry.get("kid"), _key(entry)
        if not isinstance(kid, str) or key is None:
            continue
        if kid in seen:
            raise KeySetError("two keys of the service have one kid")
        seen.add(kid)
        yield kid, key


def _key(entry: dict[str, object]) -> VerifyingKey | None:
    kty, crv = entry.get("kty"), entry.get("crv")
    if not isinstance(kty, str) or not isinstance(crv, str):
        return None
    algorithm = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256"}.get((kty, crv))
    is_for_signatures = entry.get("use", "sig") == "sig" and entry.get("alg", algorithm) == algorithm
    if algorithm is None or not is_for_signatures or "d" in entry:
        return None
    reader = OKPAlgorithm if algorithm == "EdDSA" else ECAlgorithm
    try:
        public = reader.from_jwk({name: str(value) for name, value in entry.items()})
    except (jwt.PyJWTError, ValueError):
        return None
    return VerifyingKey(public, algorithm) if isinstance(public, PublicKey) else None
