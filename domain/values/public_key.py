"""The public half of a signing key, as others verify with it: a JSON Web Key (RFC 7517)."""

import base64
import hashlib
from enum import StrEnum

import attrs


class SigningAlgorithm(StrEnum):
    """How access tokens are signed, by the names of RFC 7518 and RFC 8037."""

    HS256 = "HS256"
    """With a secret: whoever can verify can sign, so nobody but this service does."""
    EDDSA = "EdDSA"
    """With Ed25519."""
    ES256 = "ES256"
    """With ECDSA over P-256."""

    @property
    def has_public_keys(self) -> bool:
        """Whether others can verify without being able to sign."""
        return self is not SigningAlgorithm.HS256


@attrs.frozen
class PublicKey:
    """The public half of a key for EdDSA, or for ES256, which alone has a `y`; both coordinates in base64url."""

    algorithm: SigningAlgorithm
    x: str
    y: str = ""

    @property
    def kid(self) -> str:
        """The name of the key: its thumbprint (RFC 7638), which nobody can give to another key."""
        members = ",".join(f'"{name}":"{value}"' for name, value in sorted(self._required().items()))
        digest = hashlib.sha256(f"{{{members}}}".encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def jwk(self) -> dict[str, str]:
        """The key as it is published."""
        return {**self._required(), "kid": self.kid, "use": "sig", "alg": self.algorithm.value}

    def _required(self) -> dict[str, str]:
        if self.algorithm is SigningAlgorithm.EDDSA:
            return {"kty": "OKP", "crv": "Ed25519", "x": self.x}
        return {"kty": "EC", "crv": "P-256", "x": self.x, "y": self.y}
