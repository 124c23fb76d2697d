"""The public keys of passkeys: three algorithms, each with the parameters it has to have (RFC 9053, RFC 8812)."""

from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.utils import websafe_decode, websafe_encode

from leadnator_auth.domain.errors import InvalidPasskeyError

ALGORITHMS: tuple[int, ...] = (ES256.ALGORITHM, EdDSA.ALGORITHM, RS256.ALGORITHM)
"""In the order in which an authenticator should choose."""
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 4096
_RSA_EXPONENT = b"\x01\x00\x01"
_KEY_TYPE, _ALGORITHM, _FIRST, _SECOND, _THIRD = 1, 3, -1, -2, -3
_OCTET_PAIR, _ELLIPTIC, _RSA = 1, 2, 3
_P_256, _ED25519 = 1, 6
_COORDINATE_BYTES = 32


def checked_key(key: CoseKey) -> CoseKey:
    """Returns a new key with its parameters alone, once they are those of a key that was asked for.

    The library takes every algorithm it knows, and looks at parameters when a signature is verified, if at all.

    Raises: InvalidPasskeyError.
    """
    expected = _EXPECTED.get(key.get(_ALGORITHM))
    if expected is None or not expected(key):
        raise InvalidPasskeyError("its key is of a kind that was not asked for, or malformed")
    names = (_KEY_TYPE, _ALGORITHM, _FIRST, _SECOND, _THIRD)
    checked = CoseKey.parse({name: key[name] for name in names if name in key})
    try:
        checked.verify(b"", b"")  # which says whether a point is on its curve
    except InvalidSignature:
        return checked
    raise InvalidPasskeyError("its key takes every signature")


def written_key(key: CoseKey) -> str:
    """Returns how a key is kept."""
    return websafe_encode(cbor.encode(key))


def read_key(text: str) -> CoseKey:
    """Returns a key that was kept."""
    key = cbor.decode(websafe_decode(text))
    return CoseKey.parse(key)  # type: ignore[arg-type]  # a map, as it was written


def _is_es256(key: Mapping[int, object]) -> bool:
    is_point = _has_bytes(key, _SECOND, _COORDINATE_BYTES) and _has_bytes(key, _THIRD, _COORDINATE_BYTES)
    return key.get(_KEY_TYPE) == _ELLIPTIC and key.get(_FIRST) == _P_256 and is_point


def _is_eddsa(key: Mapping[int, object]) -> bool:
    is_point = _has_bytes(key, _SECOND, _COORDINATE_BYTES) and _THIRD not in key
    return key.get(_KEY_TYPE) == _OCTET_PAIR and key.get(_FIRST) == _ED25519 and is_point


def _is_rs256(key: Mapping[int, object]) -> bool:
    modulus = key.get(_FIRST)
    if key.get(_KEY_TYPE) != _RSA or not isinstance(modulus, bytes) or _THIRD in key:
        return False
    # The usual exponent alone: one is no secret at all, and a long one is work for us.
    bits = int.from_bytes(modulus, "big").bit_length()
    return _MIN_RSA_BITS <= bits <= _MAX_RSA_BITS and key.get(_SECOND) == _RSA_EXPONENT


def _has_bytes(key: Mapping[int, object], name: int, count: int) -> bool:
    value = key.get(name)
    return isinstance(value, bytes) and len(value) == count


_EXPECTED: Mapping[object, Callable[[Mapping[int, object]], bool]] = {
    ES256.ALGORITHM: _is_es256,
    EdDSA.ALGORITHM: _is_eddsa,
    RS256.ALGORITHM: _is_rs256,
}
