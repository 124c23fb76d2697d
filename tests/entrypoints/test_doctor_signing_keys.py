"""What the doctor finds about signing keys, each with what to do about it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.domain import KeyState, SigningAlgorithm, SigningKey, UnavailableError
from leadnator_auth.entrypoints.doctor.database import check_signing_keys
from leadnator_auth.entrypoints.doctor.examining import Finding, Level
from leadnator_auth.testing.contract.samples import NOW, a_signing_key

EDDSA, HS256 = SigningAlgorithm.EDDSA, SigningAlgorithm.HS256
SIGNING, NEXT = a_signing_key(1, KeyState.SIGNING), a_signing_key(2)
RETIRED = a_signing_key(3, KeyState.RETIRED)


@attrs.frozen
class FakeDatabase:
    """A database with these keys."""

    keys: Sequence[SigningKey] = (SIGNING, NEXT)
    state: str = "current"
    is_away: bool = False

    async def schema(self) -> str:
        if self.is_away:
            raise UnavailableError
        return self.state

    async def signing_keys(self) -> Sequence[SigningKey]:
        return self.keys


async def found(
    database: FakeDatabase,
    algorithm: SigningAlgorithm = EDDSA,
    *,
    missing: Sequence[str] = (),
    lost: Sequence[SigningKey] = (),
    has_master_key: bool = True,
) -> list[Finding]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[FakeDatabase]:
        yield database

    can_sign = (lambda key: key not in lost) if has_master_key else None
    now = NOW + timedelta(minutes=90)
    findings = [each async for each in check_signing_keys(opened, algorithm, missing, can_sign, now)]
    for finding in findings:
        assert bool(finding.cure) == (finding.level is not Level.OK)
    return findings


async def test_keys_that_sign_are_well() -> None:
    (finding,) = await found(FakeDatabase((SIGNING, NEXT, RETIRED)))
    assert (finding.level, finding.found) == (Level.OK, f"{SIGNING.kid} (ES256) signs since 2026-03-29")


async def test_what_is_not_there_yet_is_made_later() -> None:
    (finding,) = await found(FakeDatabase(()))
    assert (finding.level, finding.found) == (Level.WARN, "there are none yet")


async def test_what_they_need_is_told() -> None:
    library, key = await found(FakeDatabase(), missing=["cryptography"], has_master_key=False)
    assert library.level is key.level is Level.FAIL
    assert "cryptography" in library.found
    assert "'leadnator-auth[jwt]'" in library.cure
    assert "LEADNATOR_MASTER_KEY is not set" in key.found


@pytest.mark.parametrize("key", [SIGNING, NEXT], ids=["signing", "next"])
async def test_a_key_that_cannot_be_opened_is_told(key: SigningKey) -> None:
    (finding,) = await found(FakeDatabase((SIGNING, NEXT, RETIRED)), lost=[key, RETIRED])
    assert (finding.level, finding.found) == (
        Level.FAIL,
        f"{key.kid} ({key.state}) cannot be opened with LEADNATOR_MASTER_KEY",
    )
    assert f"keys retire {key.kid}" in finding.cure


async def test_with_hs256_only_what_older_tokens_need_is_told() -> None:
    assert await found(FakeDatabase(), HS256) == []
    assert (
        await found(FakeDatabase((attrs.evolve(RETIRED, verifies_until=NOW),)), HS256, missing=["cryptography"]) == []
    )
    (finding,) = await found(FakeDatabase((RETIRED,)), HS256, missing=["cryptography"], has_master_key=False)
    assert (finding.level, finding.found) == (
        Level.FAIL,
        "tokens of other keys are refused: cryptography is not installed",
    )


@pytest.mark.parametrize("database", [FakeDatabase(is_away=True), FakeDatabase(state="old")], ids=["away", "old"])
async def test_where_the_database_has_no_answer_nothing_is_said(database: FakeDatabase) -> None:
    assert await found(database) == []
