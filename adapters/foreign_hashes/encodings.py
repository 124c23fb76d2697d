"""The base64 of other systems, read strictly: bytes have one spelling, so one hash is never two."""

import base64
import binascii

from leadnator_auth.adapters.foreign_hashes.scheme import HashRefusedError


def from_padded(text: str) -> bytes:
    """Returns the bytes of base64 with its padding (RFC 4648 section 4).

    Raises: HashRefusedError when they would be written differently.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise _damaged() from None
    if base64.b64encode(content).decode() != text:
        raise _damaged()
    return content


def from_bare(text: str) -> bytes:
    """Returns the bytes of base64 without padding, the B64 of PHC strings.

    Raises: HashRefusedError when they would be written differently.
    """
    return from_padded(text + "=" * (-len(text) % 4))


def from_dotted(text: str) -> bytes:
    """Returns the bytes of passlib's base64 without padding and with a dot for the plus.

    Raises: HashRefusedError when they would be written differently.
    """
    if "+" in text:
        raise _damaged()
    return from_bare(text.replace(".", "+"))


def check_length(content: bytes, *lengths: int) -> None:
    """Makes sure that a digest is whole: of one of these lengths.

    Raises: HashRefusedError.
    """
    if len(content) not in lengths:
        usual = ", ".join(map(str, lengths))
        raise HashRefusedError(f"Its digest has {len(content)} bytes, and is made with {usual}.")


def _damaged() -> HashRefusedError:
    return HashRefusedError("Its base64 is damaged.")
