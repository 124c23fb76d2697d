"""Sealing the private half of a signing key: AES-256-GCM, with a key that is derived for this one alone (ADR 0044)."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.public_key import PublicKey

_NONCE_BYTES = 12
"""NIST SP 800-38D section 8.2: a random one will do, and each derived key seals once."""


def sealed(content: bytes, public: PublicKey, master_keys: MasterKeys) -> str:
    """Returns the private half as it may be kept, sealed by the first master key and bound to its public half.

    Raises: MasterKeyMissingError.
    """
    nonce = os.urandom(_NONCE_BYTES)
    secret = AESGCM(master_keys.derive(_label(public)))
    return urlsafe_b64encode(nonce + secret.encrypt(nonce, content, None)).decode()


def opened(key: SigningKey, master_keys: MasterKeys) -> bytes:
    """Returns the private half of a key.

    Raises: MasterKeyMissingError; ValueError when it was sealed for another key, or changed.
    """
    secret = AESGCM(master_keys.derive(_label(key.public), key.master_key_id))
    content = urlsafe_b64decode(key.sealed)
    try:
        return secret.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], None)
    except InvalidTag:
        raise ValueError("the private half was sealed for another key, or changed") from None


def _label(public: PublicKey) -> str:
    """Returns what the secret is derived for: this public half, and with it the algorithm."""
    return f"signing-key:{public.kid}"
