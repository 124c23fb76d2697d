"""Firebase's password hashes: scrypt, and then the project's signer key encrypted with what comes of it.

The signer key is a secret of the old project, and is not kept. Firebase encrypts it with AES in counter mode, which
adds a stream of bytes to it that depends on the password and its salt alone. Taking the key off again leaves that
stream, which is all that verifying takes (firebase/scrypt: "Firebase's modified version of scrypt").
"""

import base64

import attrs

from leadnator_auth.domain.values.fields import BadFieldError

MAX_ROUNDS, MAX_MEM_COST = 8, 14
"""What Firebase itself takes."""


@attrs.frozen
class FirebaseScrypt:
    """The password hash parameters of a Firebase project, as its console shows them."""

    signer_key: bytes = attrs.field(repr=False)
    salt_separator: bytes
    rounds: int
    mem_cost: int

    @classmethod
    def parse(cls, signer_key: str, salt_separator: str, rounds: int, mem_cost: int) -> "FirebaseScrypt":
        """Returns the parameters; key and separator are base64.

        Raises: BadFieldError.
        """
        if not (1 <= rounds <= MAX_ROUNDS and 1 <= mem_cost <= MAX_MEM_COST):
            raise BadFieldError("invalid_value", f"Rounds go from 1 to {MAX_ROUNDS}, and mem_cost to {MAX_MEM_COST}.")
        key = _decoded(signer_key)
        if len(key) < 32:
            raise BadFieldError("invalid_value", "The signer key is base64 of 64 bytes.")
        return cls(key, _decoded(salt_separator), rounds, mem_cost)

    def encode(self, password_hash: str, salt: str) -> str:
        """Returns the hash of an account, whose salt is beside it, as a text that stands by itself.

        Raises: BadFieldError when one of them is no base64, or the hash has not the length of the signer key.
        """
        encrypted, salt_bytes = _decoded(password_hash), _decoded(salt)
        if len(encrypted) != len(self.signer_key):
            raise BadFieldError("unknown_hash", "This is no hash that Firebase made with this signer key.")
        keystream = bytes(a ^ b for a, b in zip(encrypted, self.signer_key, strict=True))
        parameters = f"ln={self.mem_cost},r={self.rounds},p=1"
        return f"$firebase-scrypt${parameters}${_encoded(salt_bytes + self.salt_separator)}${_encoded(keystream)}"


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    """Returns the bytes of base64, of either alphabet: Firebase's tools write both."""
    bare = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        content = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        raise _not_base64() from None
    if _encoded(content) != bare:
        raise _not_base64()
    return content


def _not_base64() -> BadFieldError:
    return BadFieldError("unknown_hash", "This is no base64.")
