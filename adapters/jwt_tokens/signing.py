"""Signing and verifying with a secret, by PyJWT.

This is loaded with the first token: PyJWT loads `cryptography` if it is installed, though HS256 does not need it.
"""

from collections.abc import Iterable, Mapping

import jwt

from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.values.public_key import SigningAlgorithm

_HS256 = SigningAlgorithm.HS256.value
_SIGNATURES = jwt.PyJWS(algorithms=[_HS256])


def signed(payload: Mapping[str, object], secret: str, key_id: str) -> str:
    """Returns the compact JWS of a payload."""
    return jwt.encode(dict(payload), secret, algorithm=_HS256, headers={"kid": key_id})


def payload_of(token: str, secrets: Iterable[str]) -> bytes:
    """Returns the payload of a token that is signed with one of these secrets.

    Raises: InvalidTokenError.
    """
    for secret in secrets:
        try:
            payload: bytes = _SIGNATURES.decode(token, secret, algorithms=[_HS256])
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as error:
            raise InvalidTokenError("malformed") from error
        return payload
    raise InvalidTokenError("the signature does not match")
