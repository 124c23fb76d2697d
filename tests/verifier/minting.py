"""Keys and tokens as the service makes them, and as it never would."""

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from leadnator_auth.verifier.keys import KeySet, read_key_set

Json = dict[str, Any]  # JSON: as many types as members


class Key:
    """A key pair of the service."""

    def __init__(self, algorithm: str = "EdDSA", kid: str = "k1") -> None:
        self.algorithm, self.kid = algorithm, kid
        self.private = (
            ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else ec.generate_private_key(ec.SECP256R1())
        )

    @property
    def jwk(self) -> Json:
        """The public half as it is published."""
        maker = OKPAlgorithm if self.algorithm == "EdDSA" else ECAlgorithm
        public: Json = maker.to_jwk(self.private.public_key(), as_dict=True)  # type: ignore[call-overload]  # either kind
        return {**public, "kid": self.kid, "use": "sig", "alg": self.algorithm}

    def signed(self, payload: Json, **header: object) -> str:
        """Returns a token with this payload."""
        headers = {"kid": self.kid, **header}
        return jwt.encode(payload, self.private, algorithm=self.algorithm, headers=headers)

    def token(self, session_id: str = "s_1", **claims: object) -> str:
        """Returns a token of a session that begins now; a claim that is None is left out."""
        return self.signed(payload(session_id, **claims))


def payload(session_id: str = "s_1", **claims: object) -> Json:
    """Returns the claims of a token of a session that begins now; one that is None is left out."""
    now = int(time.time())
    whole = {
        "iss": "leadnator-auth",
        "aud": "leadnator",
        "sub": "u_1",
        "sid": session_id,
        "jti": "j-1",
        "iat": now,
        "exp": now + 604800,
        "purpose": "access",
        **claims,
    }
    return {name: value for name, value in whole.items() if value is not None}


def jwks(*keys: Key) -> bytes:
    """Returns the answer with these keys."""
    return json.dumps({"keys": [key.jwk for key in keys]}).encode()


def key_set(*keys: Key) -> KeySet:
    """Returns these keys as a verifier knows them."""
    return read_key_set(jwks(*keys))


def encoded(part: bytes) -> str:
    """Returns base64url without padding."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
