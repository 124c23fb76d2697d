"""Master keys: what the secrets are derived from that the database must never hold."""

import hashlib
import hmac
from collections.abc import Iterable

import attrs

from leadnator_auth.domain.errors import MasterKeyMissingError

MIN_KEY_BYTES = 32
KEY_ID_BYTES = 8
"""Enough to tell the keys of one installation apart, and far too few to guess a key by."""
_SALT = b"leadnator-auth master key"
_OF_KEY_ID, _OF_SECRET = b"id", b"secret:"


def _tuple_of(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(keys)  # whose own type says nothing of what is in it


@attrs.frozen
class MasterKeys:
    """The master keys of an installation: secrets are derived from the first, and found again with all of them.

    Without any it is false, and so is what needs one: it is switched off. What is kept of a derived secret is the id of
    its key and what its label is made of, so that a copy of the database gives no secret away.

    Raises: ValueError when a key is shorter than 32 bytes or is not text.
    """

    keys: tuple[str, ...] = attrs.field(default=(), converter=_tuple_of, repr=False)

    @keys.validator
    def _are_long_enough(self, _: object, keys: tuple[str, ...]) -> None:
        if any(len(key.encode()) < MIN_KEY_BYTES for key in keys):
            raise ValueError(f"a master key has at least {MIN_KEY_BYTES} bytes")

    def __bool__(self) -> bool:
        return bool(self.keys)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, the first one's first."""
        return tuple(map(_id_of, self.keys))

    @property
    def newest_id(self) -> str:
        """The id of the key that new secrets are derived from; it tells nothing of the key, and may be kept anywhere.

        Raises: MasterKeyMissingError when there is none.
        """
        if not self.keys:
            raise MasterKeyMissingError("no master key is set")
        return _id_of(self.keys[0])

    def has(self, key_id: str) -> bool:
        """Returns whether the key of this id is there: what was derived from it can be derived again."""
        return any(_id_of(key) == key_id for key in self.keys)

    def derive(self, label: str, key_id: str | None = None) -> bytes:
        """Returns the 32 bytes that belong to a label, always the same; without an id, those of the first key.

        They are HKDF-SHA256 of the key (RFC 5869), so one label's tell nothing of another's, nor of the key. A label
        names what the secret is for, and which it is: `webhook:wh_…:1`.

        Raises: MasterKeyMissingError when the key is not there, or not there any more.
        """
        key_id = self.newest_id if key_id is None else key_id
        for key in self.keys:
            if _id_of(key) == key_id:
                return _expanded(key, _OF_SECRET + label.encode())
        raise MasterKeyMissingError


def _id_of(key: str) -> str:
    return _expanded(key, _OF_KEY_ID)[:KEY_ID_BYTES].hex()


def _expanded(key: str, info: bytes) -> bytes:
    """Returns HKDF of a key: its first block, which is all that 32 bytes take (RFC 5869 section 2)."""
    return _hmac(_hmac(_SALT, key.encode()), info + b"\x01")


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, hashlib.sha256)
