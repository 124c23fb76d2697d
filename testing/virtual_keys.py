"""The key pairs of a virtual authenticator, and the CBOR that it writes (RFC 8949, RFC 9053)."""

import struct
from collections.abc import Mapping
from typing import Protocol

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ES256, EDDSA, RS256 = -7, -8, -257
"""Algorithms, as COSE numbers them."""
Cbor = int | bytes | str | Mapping[int, "Cbor"] | Mapping[str, "Cbor"]


class KeyPair(Protocol):
    """What a credential is made of."""

    def sign(self, data: bytes) -> bytes:
        """Returns a signature, as WebAuthn Level 3 section 6.5.5 wants it."""

    def cose(self) -> Mapping[int, Cbor]:
        """Returns the public key as a COSE_Key."""

    def der(self) -> bytes:
        """Returns the public key as a SubjectPublicKeyInfo."""


@attrs.frozen
class Es256:
    """ECDSA with P-256 and SHA-256."""

    private: ec.EllipticCurvePrivateKey = attrs.field(factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data, ec.ECDSA(SHA256()))

    def cose(self) -> Mapping[int, Cbor]:
        point = self.private.public_key().public_numbers()
        return {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}

    def der(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@attrs.frozen
class EdDsa:
    """EdDSA with Ed25519."""

    private: ed25519.Ed25519PrivateKey = attrs.field(factory=ed25519.Ed25519PrivateKey.generate)

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data)

    def cose(self) -> Mapping[int, Cbor]:
        return {1: 1, 3: EDDSA, -1: 6, -2: self.private.public_key().public_bytes_raw()}

    def der(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@attrs.frozen
class Rs256:
    """RSASSA-PKCS1-v1_5 with SHA-256."""

    private: rsa.RSAPrivateKey = attrs.field(factory=lambda: rsa.generate_private_key(65_537, 2048))

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data, padding.PKCS1v15(), SHA256())

    def cose(self) -> Mapping[int, Cbor]:
        numbers = self.private.public_key().public_numbers()
        return {1: 3, 3: RS256, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")}

    def der(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


KEY_PAIRS: Mapping[int, type[Es256] | type[EdDsa] | type[Rs256]] = {ES256: Es256, EDDSA: EdDsa, RS256: Rs256}


def cbor(value: Cbor) -> bytes:
    """Returns a value in CBOR; the members of a map stay in their order."""
    if isinstance(value, int):
        return _head(1, -1 - value) if value < 0 else _head(0, value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    return _head(5, len(value)) + b"".join(cbor(name) + cbor(member) for name, member in value.items())


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return struct.pack(">B", major << 5 | number)
    for code, kind in ((24, "B"), (25, "H"), (26, "I")):
        if number < 1 << 8 * struct.calcsize(kind):
            return struct.pack(f">B{kind}", major << 5 | code, number)
    return struct.pack(">BQ", major << 5 | 27, number)
