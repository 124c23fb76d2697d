"""Signing with the private half of a key and verifying with its public one, by PyJWT over `cryptography`.

This is loaded with the first token of such a key, or to make one: `cryptography` is an extra.
"""

from collections.abc import Mapping
from functools import lru_cache

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.utils import base64url_decode, base64url_encode

from leadnator_auth.adapters.jwt_tokens.sealing import opened
from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.public_key import PublicKey, SigningAlgorithm

_COORDINATE_BYTES = 32
MAX_REMEMBERED = 16
"""Keys that are opened once; a handful is in use."""
_SIGNATURES = {
    algorithm: jwt.PyJWS(algorithms=[algorithm.value]) for algorithm in SigningAlgorithm if algorithm.has_public_keys
}

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey


def signed(payload: Mapping[str, object], key: SigningKey, master_keys: MasterKeys) -> str:
    """Returns the compact JWS of a payload.

    Raises: MasterKeyMissingError.
    """
    private, algorithm = _private_key(key, master_keys), key.public.algorithm.value
    return jwt.encode(dict(payload), private, algorithm=algorithm, headers={"kid": key.kid})


def payload_of(token: str, public: PublicKey) -> bytes:
    """Returns the payload of a token that is signed with the private half of this key, by its own algorithm.

    Raises: InvalidTokenError.
    """
    try:
        payload: bytes = _SIGNATURES[public.algorithm].decode(
            token, _public_key(public), algorithms=[public.algorithm.value]
        )
    except jwt.PyJWTError as error:
        raise InvalidTokenError("the signature does not match, or the token is malformed") from error
    return payload


def new_private_key(algorithm: SigningAlgorithm) -> PrivateKey:
    """Returns a new private key."""
    return Ed25519PrivateKey.generate() if algorithm is SigningAlgorithm.EDDSA else generate_private_key(SECP256R1())


def public_of(private: PrivateKey) -> PublicKey:
    """Returns the public half."""
    if isinstance(private, Ed25519PrivateKey):
        return PublicKey(SigningAlgorithm.EDDSA, _text(private.public_key().public_bytes_raw()))
    numbers = private.public_key().public_numbers()
    x, y = (_text(number.to_bytes(_COORDINATE_BYTES)) for number in (numbers.x, numbers.y))
    return PublicKey(SigningAlgorithm.ES256, x, y)


def bytes_of(private: PrivateKey) -> bytes:
    """Returns the 32 bytes that a private key is."""
    if isinstance(private, Ed25519PrivateKey):
        return private.private_bytes_raw()
    return private.private_numbers().private_value.to_bytes(_COORDINATE_BYTES)


def private_key_of(key: SigningKey, master_keys: MasterKeys) -> PrivateKey:
    """Returns the private half of a key.

    Raises: MasterKeyMissingError; ValueError when it was sealed for another key, or changed.
    """
    content = opened(key, master_keys)
    if key.public.algorithm is SigningAlgorithm.EDDSA:
        return Ed25519PrivateKey.from_private_bytes(content)
    return derive_private_key(int.from_bytes(content), SECP256R1())


_private_key = lru_cache(MAX_REMEMBERED)(private_key_of)


@lru_cache(MAX_REMEMBERED)
def _public_key(public: PublicKey) -> Ed25519PublicKey | EllipticCurvePublicKey:
    if public.algorithm is SigningAlgorithm.EDDSA:
        return Ed25519PublicKey.from_public_bytes(base64url_decode(public.x))
    x, y = (int.from_bytes(base64url_decode(text)) for text in (public.x, public.y))
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()


def _text(content: bytes) -> str:
    return base64url_encode(content).decode()
