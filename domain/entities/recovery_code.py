"""Recovery codes: what stands in for a second factor that is lost, each once."""

import base64
import hashlib
from datetime import datetime

import attrs

from leadnator_auth.domain.values.ids import UserId
from leadnator_auth.domain.values.text import without_white_space

CODES = 10
FEW_CODES = 3
"""So many left are reason to tell the owner."""
RANDOM_BYTES = 15
"""120 bits: a plain digest is enough (ASVS 6.5.2 asks for 112)."""
_GROUP = 6


@attrs.frozen
class RecoveryCode:
    """A code of which only the digest is kept, until it is used."""

    user_id: UserId
    digest: str = attrs.field(repr=False)
    created_at: datetime


def written(random: bytes) -> str:
    """Returns random bytes as people copy them: four groups of six letters and digits (base32, RFC 4648)."""
    text = base64.b32encode(random).decode()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def digest_of_code(typed: str) -> str:
    """Returns the SHA-256 of a code in hexadecimal, however its letters, blanks and dashes were typed."""
    bare = without_white_space(typed).replace("-", "").upper()
    return hashlib.sha256(bare.encode()).hexdigest()
