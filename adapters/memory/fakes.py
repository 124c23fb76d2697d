"""Stand-ins for time, chance, hashing, signing and syntax: predictable, quick, and for tests only."""

import base64
import hashlib
import random
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import attrs

from leadnator_auth.domain.entities.access_token import Claims
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import BadFieldError, missing
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.password import Password
from leadnator_auth.domain.values.public_key import PublicKey, SigningAlgorithm
from leadnator_auth.domain.values.text import stripped

_CHEAP = re.compile(r"cheap\$(?P<strength>\d{1,9})\$.+", re.ASCII)


@attrs.define
class FakeClock:
    """A clock that stands still until it is told to move."""

    instant: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Returns the instant at which it stands."""
        return self.instant

    def advance(self, **units: float) -> None:
        """Moves the clock by a `timedelta` of these units; negative ones turn it back."""
        self.instant += timedelta(**units)


class SeededRandomness:
    """Randomness with the same ids and secrets in every run; two seeds give two worlds."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def urlsafe(self, size: int) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(size)).rstrip(b"=").decode()

    def fraction(self) -> float:
        return self._random.random()


@attrs.define
class CheapHasher:
    """Hashes in microseconds and counts its work: `verified` and `hashed` say what a use case cost.

    A hash names its `strength`; a weaker one is upgraded.
    """

    strength: int = 1
    hashed: int = 0
    verified: int = 0

    async def hash(self, password: Password, client: Client = Client()) -> str:
        self.hashed += 1
        return self._digest(password, self.strength)

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        self.verified += 1
        made = _CHEAP.fullmatch(password_hash or "")
        return made is not None and self._matches(password.spellings, made)

    async def upgrade(self, password: Password, password_hash: str, client: Client = Client()) -> str | None:
        made = _CHEAP.fullmatch(password_hash)
        if made is None or (int(made["strength"]) >= self.strength and self._matches((password.utf8,), made)):
            return None
        return await self.hash(password, client)

    def normalize(self, password_hash: str) -> str | None:
        return password_hash if _CHEAP.fullmatch(password_hash) else None

    def refusal(self, password_hash: str) -> str:
        return "This is no password hash that can be verified here."

    def _matches(self, spellings: Iterable[bytes], made: re.Match[str]) -> bool:
        passwords = (Password(spelling.decode()) for spelling in spellings)
        return any(self._digest(password, int(made["strength"])) == made[0] for password in passwords)

    def _digest(self, password: Password, strength: int) -> str:
        return f"cheap${strength}${hashlib.sha256(password.utf8).hexdigest()}"


class UnsignedTokens:
    """Hands out opaque tokens and remembers what each one says."""

    def __init__(self) -> None:
        self._issued: dict[str, Claims] = {}

    def issue(self, claims: Claims) -> str:
        token = f"token.{claims.token_id}.{len(self._issued)}"
        self._issued[token] = claims
        return token

    def read(self, token: str) -> Claims:
        try:
            return self._issued[token]
        except KeyError:
            raise InvalidTokenError("not issued here") from None


class FakeKeyMaker:
    """Makes keys that nothing can be signed with: 1, 2, 3, …; `lost` has the kids of those that cannot be opened."""

    def __init__(self) -> None:
        self.made = 0
        self.lost: set[str] = set()

    def new_key(self, algorithm: SigningAlgorithm, master_keys: MasterKeys, now: datetime) -> SigningKey:
        self.made += 1
        y = "" if algorithm is SigningAlgorithm.EDDSA else f"{self.made:043}"
        public = PublicKey(algorithm, f"{self.made:043}", y)
        return SigningKey(
            kid=public.kid,
            public=public,
            sealed="nothing",
            master_key_id=master_keys.newest_id,
            published_at=now,
        )

    def can_sign(self, key: SigningKey, master_keys: MasterKeys) -> bool:
        return key.kid not in self.lost and master_keys.has(key.master_key_id)


class PlainEmailSyntax:
    """Accepts plain ASCII addresses by their rough shape: enough for tests, not for the Internet."""

    def parse(self, text: str) -> EmailAddress:
        typed = stripped(text)
        if not typed:
            raise missing()
        local, at, domain = typed.rpartition("@")
        is_plain = typed.isascii() and typed.isprintable() and not set(typed) & set(' ()<>[]:;\\,"')
        if not (at and local and "." in domain and "@" not in local and is_plain):
            raise BadFieldError("invalid_email", "This is not a valid e-mail address.")
        if len(typed) > 254:
            raise BadFieldError("too_long", "Use at most 254 characters.")
        return EmailAddress(typed=typed, canonical=typed.lower())
