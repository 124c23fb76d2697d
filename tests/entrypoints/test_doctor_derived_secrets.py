"""What the doctor finds about codes of apps and refresh tokens, each with what to do about it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import attrs
import pytest

from leadnator_auth.adapters.sql import SqlUnitOfWork
from leadnator_auth.domain import MasterKeys
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.compose.doctor import checks
from leadnator_auth.entrypoints.doctor.derived_secrets import check_derived_secrets
from leadnator_auth.entrypoints.doctor.examining import Finding, Level, examine
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.testing.contract.samples import NOW, a_user
from leadnator_auth.testing.contract.second_factors import a_factor
from tests.conftest import connected
from tests.databases import backend_of, migrate

OLD, NEW = "an older master key of some length", "a newer master key of some length"


@attrs.frozen
class FakeDatabase:
    """A database with so many apps and token pairs of each master key."""

    factors: Mapping[str, int] = {}
    pairs: Mapping[str, int] = {}
    state: str = "current"
    is_away: bool = False

    async def schema(self) -> str:
        if self.is_away:
            raise UnavailableError
        return self.state

    async def totp_factors_by_key(self) -> Mapping[str, int]:
        return self.factors

    async def token_pairs_by_key(self, now: datetime) -> Mapping[str, int]:
        assert now == NOW
        return self.pairs


async def found(database: FakeDatabase) -> list[Finding]:
    """Returns what is found where the master key `here` is there, and no other."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[FakeDatabase]:
        yield database

    findings = [each async for each in check_derived_secrets(opened, lambda key_id: key_id == "here", NOW)]
    for finding in findings:
        assert bool(finding.cure) == (finding.level is not Level.OK)
    return findings


async def test_what_the_keys_that_are_there_make_is_well() -> None:
    findings = await found(FakeDatabase({"here": 12}, {"here": 3}))
    assert [(each.level, each.found) for each in findings] == [
        (Level.OK, "apps that show codes: 12"),
        (Level.OK, "sessions that have one: 3"),
    ]
    assert [each.found.rpartition(" ")[2] for each in await found(FakeDatabase())] == ["none", "none"]


async def test_apps_of_a_key_that_is_gone_show_codes_that_are_refused() -> None:
    factors, _ = await found(FakeDatabase({"here": 10, "gone": 2, "lost": 1}))
    assert factors.level is Level.FAIL
    assert "3 of 13 apps" in factors.found
    assert "LEADNATOR_MASTER_KEY" in factors.cure


async def test_whose_refresh_tokens_are_lost_logs_in_again() -> None:
    _, pairs = await found(FakeDatabase(pairs={"here": 10, "gone": 2}))
    assert pairs.level is Level.WARN
    assert "2 of 12 sessions" in pairs.found


@pytest.mark.parametrize("database", [FakeDatabase(state="old"), FakeDatabase(is_away=True)])
async def test_of_what_cannot_be_read_the_check_of_the_database_tells(database: FakeDatabase) -> None:
    assert await found(database) == []


def findings_with(master_key: str, url: str) -> list[Finding]:
    settings = Settings.read({"LEADNATOR_DATABASE_URL": url, "LEADNATOR_MASTER_KEY": master_key})
    return [each for each in examine(checks(settings, {}, None)[:7]) if each.check == "second factors"]


async def test_the_key_an_app_was_set_up_with_has_to_stay(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/leadnator.db"
    assert findings_with(NEW, url) == [], "nothing is looked for in a file that is not there"
    migrate(url)
    factor = attrs.evolve(a_factor(a_user()), key_id=MasterKeys([OLD]).newest_id, confirmed_at=NOW)
    async with connected(backend_of(url)) as connections, SqlUnitOfWork(connections)() as transaction:
        await transaction.users.add([a_user()])
        await transaction.totp_factors.add(factor)
        await transaction.commit()
    levels = {keys: [each.level for each in findings_with(keys, url)] for keys in (OLD, NEW, f"{NEW},{OLD}")}
    assert levels == {OLD: [Level.OK], NEW: [Level.FAIL], f"{NEW},{OLD}": [Level.OK]}
