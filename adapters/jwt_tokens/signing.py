"""Signing and verifying with PyJWT.

This is loaded with the first token: PyJWT loads `cryptography` if it is installed, though HS256 does not need it.
"""

from collections.abc import Iterable, Mapping

import jwt

from leadnator_auth.adapters.jwt_tokens.tokens import ALGORITHM
from leadnator_auth.domain.errors import InvalidTokenError

_SIGNATURES = jwt.PyJWS(algorithms=[ALGORITHM])


def signed(payload: Mapping[str, object], secret: str, key_id: str) -> str:
    """Returns the compact JWS of a payload."""
    return jwt.encode(dict(payload), secret, algorithm=ALGORITHM, headers={"kid": key_id})


def payload_of(token: str, secrets: Iterable[str]) -> bytes:
    """Returns the payload of a token that is signed with one of these secrets.

    Raises: InvalidTokenError.
    """
    for secret in secrets:
        try:
            payload: bytes = _SIGNATURES.decode(token, secret, algorithms=[ALGORITHM])
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as error:
            raise InvalidTokenError("malformed") from error
        return payload
    raise InvalidTokenError("the signature does not match")
