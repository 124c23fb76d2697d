"""Time-based one-time passwords (RFC 6238), as the apps read them: SHA-1, six digits, thirty seconds."""

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote

DIGITS = 6
PERIOD = 30
"""Seconds that a code is shown."""
SEED_BYTES = 20
"""RFC 4226 section 4 (R6): 160 bits."""
_NEIGHBOURS = (-1, 0, 1)
"""RFC 6238 section 5.2: one step either side, for clocks that differ and for people who type."""


def step_at(now: datetime) -> int:
    """Returns the number of the time step in which an instant is."""
    return int(now.timestamp()) // PERIOD


def code_at(seed: bytes, step: int) -> str:
    """Returns the code of a step (RFC 4226 section 5.3)."""
    digest = hmac.digest(seed, step.to_bytes(8), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(seed: bytes, code: str, now: datetime, *, after: int) -> int | None:
    """Returns the step whose code this is, of the present one and its neighbours, if it is later than `after`.

    All of them are compared, whichever it is; of two with the same code the later one is taken, so that neither is
    left to be used again.
    """
    typed, found = code.encode(), None
    for step in (step_at(now) + each for each in _NEIGHBOURS):
        if hmac.compare_digest(typed, code_at(seed, step).encode()) and step > after:
            found = step
    return found


def shown(seed: bytes) -> str:
    """Returns a seed as apps take it, in base32 (RFC 4648 section 6)."""
    return base64.b32encode(seed).decode().rstrip("=")


def key_uri(seed: bytes, *, issuer: str, account: str) -> str:
    """Returns the `otpauth` URI that apps read from a QR code (Key URI Format of Google Authenticator).

    A colon stands between the two parts of its label, and so in neither.
    """
    issuer, account = (" ".join(text.replace(":", " ").split()) for text in (issuer, account))
    label, named = quote(f"{issuer}:{account}", safe="@:"), quote(issuer, safe="")
    return f"otpauth://totp/{label}?secret={shown(seed)}&issuer={named}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}"
