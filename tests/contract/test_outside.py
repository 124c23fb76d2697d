"""The published suites of all other ports, over every adapter."""

from collections.abc import Iterator

import pytest

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from leadnator_auth.adapters.bcrypt_hasher.foreign import NoForeignHashes
from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.foreign_hashes import ForeignHashes
from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.memory import CheapHasher, FakeClock, PlainEmailSyntax, SeededRandomness, UnsignedTokens
from leadnator_auth.adapters.system import SystemClock, SystemRandomness
from leadnator_auth.domain.ports import AccessTokens, Clock, EmailSyntax, PasswordHasher, Randomness
from leadnator_auth.testing.contract import (
    AccessTokensContract,
    ClockContract,
    EmailSyntaxContract,
    PasswordHasherContract,
    RandomnessContract,
)


class TestAccessTokens(AccessTokensContract):
    """Tokens in memory, and JWTs."""

    @pytest.fixture(params=["memory", "jwt"])
    def tokens(self, request: pytest.FixtureRequest) -> AccessTokens:
        return UnsignedTokens() if request.param == "memory" else JwtTokens(["a secret of at least 32 bytes, yes"])


class TestEmailSyntax(EmailSyntaxContract):
    """Addresses in memory, and of a library; those that only the real one knows are tested over HTTP."""

    @pytest.fixture(params=["memory", "email-validator"])
    def emails(self, request: pytest.FixtureRequest) -> EmailSyntax:
        return PlainEmailSyntax() if request.param == "memory" else ValidatedEmailSyntax()


class TestPasswordHasher(PasswordHasherContract):
    """Cheap hashes, and bcrypt."""

    @pytest.fixture(params=["memory", "bcrypt", "bcrypt and others"])
    def hasher(self, request: pytest.FixtureRequest) -> Iterator[PasswordHasher]:
        if request.param == "memory":
            yield CheapHasher()
            return
        others = ForeignHashes() if "others" in request.param else NoForeignHashes()
        hasher = BcryptHasher(cost=4, workers=2, foreign=others)
        yield hasher
        hasher.close()


class TestClock(ClockContract):
    """A clock that stands still, and that of the system."""

    @pytest.fixture(params=[FakeClock, SystemClock])
    def clock(self, request: pytest.FixtureRequest) -> Clock:
        clock: Clock = request.param()
        return clock


class TestRandomness(RandomnessContract):
    """A predictable one, and that of the system."""

    @pytest.fixture(params=[SeededRandomness, SystemRandomness])
    def randomness(self, request: pytest.FixtureRequest) -> Randomness:
        randomness: Randomness = request.param()
        return randomness


def test_one_seed_makes_one_world() -> None:
    assert SeededRandomness(7).urlsafe(16) == SeededRandomness(7).urlsafe(16) != SeededRandomness(8).urlsafe(16)
