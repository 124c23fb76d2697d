"""Setting up an app that shows codes, and recovery codes, in memory."""

import asyncio
from collections import Counter
from datetime import timedelta

import attrs
import pyotp
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    EventType,
    Identity,
    InvalidCodeError,
    InvalidTokenError,
    MasterKeys,
    MissingFieldsError,
    NotFoundError,
    SignedIn,
    StepUpRequiredError,
    log_in,
    log_out,
    sign_up,
)
from leadnator_auth.domain.entities.recovery_code import digest_of_code
from leadnator_auth.domain.use_cases.second_factors import (
    confirm_totp,
    list_factors,
    make_recovery_codes,
    remove_totp,
    set_up_totp,
)
from leadnator_auth.domain.use_cases.steps.complete_recovery import complete_recovery
from leadnator_auth.domain.use_cases.steps.second_factor import UsedFactor, take_second_factor
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction

STEP = timedelta(seconds=30)


@pytest.fixture
def mine(alice: SignedIn) -> Identity:
    return Identity(alice.user, alice.session)


async def an_app(mine: Identity, memory: MemoryPorts) -> pyotp.TOTP:
    """Returns an app that was given the seed, and has shown nothing yet."""
    given = await set_up_totp(mine, "Acme", ports=memory)
    app = pyotp.parse_uri(given.uri)
    assert isinstance(app, pyotp.TOTP)
    assert app.secret == given.secret
    assert given.secret not in repr(given)
    return app


async def a_confirmed_app(mine: Identity, memory: MemoryPorts) -> tuple[pyotp.TOTP, tuple[str, ...]]:
    """Returns an app that counts, and the recovery codes."""
    app = await an_app(mine, memory)
    codes = await confirm_totp(mine, app.at(memory.clock.now()), ports=memory)
    return app, codes


async def taken(mine: Identity, code: str, memory: MemoryPorts) -> UsedFactor | None:
    async def take(transaction: object) -> UsedFactor | None:
        user = await transaction.users.by_id(mine.user.id)  # type: ignore[attr-defined]  # a transaction
        return await take_second_factor(user, code, transaction, memory)  # type: ignore[arg-type]  # a transaction

    return await run_in_transaction(memory.unit_of_work, take)


def events(memory: MemoryPorts) -> list[tuple[EventType, dict[str, str | None]]]:
    told = memory.unit_of_work.tables.events.values()
    return [(each.type, dict(each.data)) for each in told if each.type.startswith("factor.")]


async def test_nothing_counts_before_the_app_has_shown_a_right_code(mine: Identity, memory: MemoryPorts) -> None:
    app = await an_app(mine, memory)
    assert await taken(mine, app.at(memory.clock.now()), memory) is None
    assert (await list_factors(mine, ports=memory)).totp is None
    with pytest.raises(InvalidCodeError):
        await confirm_totp(mine, "000000", ports=memory)
    assert events(memory) == []
    codes = await confirm_totp(
        mine, f" {app.at(memory.clock.now())[:3]} {app.at(memory.clock.now())[3:]}", ports=memory
    )
    assert len(set(codes)) == 10
    assert events(memory) == [(EventType.FACTOR_ADDED, {"type": "totp"})]
    listed = await list_factors(mine, ports=memory)
    assert listed.totp is not None
    assert (listed.totp.confirmed_at, listed.recovery_codes_left) == (memory.clock.now(), 10)


async def test_the_code_of_the_set_up_is_used_by_it(mine: Identity, memory: MemoryPorts) -> None:
    app, _ = await a_confirmed_app(mine, memory)
    code = app.at(memory.clock.now())
    assert await taken(mine, code, memory) is None
    memory.clock.advance(seconds=30)
    assert await taken(mine, code, memory) is None, "nor one step later"


async def test_a_code_is_good_for_one_use_and_none_of_before_after_it(mine: Identity, memory: MemoryPorts) -> None:
    app, _ = await a_confirmed_app(mine, memory)
    memory.clock.advance(minutes=2)
    now = memory.clock.now()
    assert await taken(mine, app.at(now), memory) is UsedFactor.TOTP
    assert await taken(mine, app.at(now), memory) is None
    assert await taken(mine, app.at(now - STEP), memory) is None
    assert await taken(mine, app.at(now + STEP), memory) is UsedFactor.TOTP
    assert await taken(mine, app.at(now + 2 * STEP), memory) is None


async def test_of_sixteen_at_once_one_uses_a_code(mine: Identity, memory: MemoryPorts) -> None:
    app, codes = await a_confirmed_app(mine, memory)
    memory.clock.advance(minutes=1)
    for code, used in ((app.at(memory.clock.now()), UsedFactor.TOTP), (codes[3], UsedFactor.RECOVERY_CODE)):
        outcomes = await asyncio.gather(*(taken(mine, code, memory) for _ in range(16)))
        assert Counter(outcomes) == {used: 1, None: 15}


async def test_of_sixteen_at_once_one_confirms(mine: Identity, memory: MemoryPorts) -> None:
    app = await an_app(mine, memory)
    code = app.at(memory.clock.now())
    outcomes = await asyncio.gather(
        *(confirm_totp(mine, code, ports=memory) for _ in range(16)), return_exceptions=True
    )
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
    assert len(memory.unit_of_work.tables.recovery_codes) == 10


async def test_recovery_codes_are_long_and_each_works_once_however_it_is_typed(
    mine: Identity, memory: MemoryPorts
) -> None:
    _, codes = await a_confirmed_app(mine, memory)
    for code in codes:
        letters = code.replace("-", "")
        assert len(letters) * 5 >= 112
        assert set(letters) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        assert code not in str(memory.unit_of_work.tables)
    typed = [codes[0], codes[1].lower(), codes[2].replace("-", " "), f" {codes[3].replace('-', '')}\n"]
    for text in typed:
        assert await taken(mine, text, memory) is UsedFactor.RECOVERY_CODE
        assert await taken(mine, text, memory) is None
    assert (await list_factors(mine, ports=memory)).recovery_codes_left == 6


async def test_new_recovery_codes_take_the_place_of_all_that_were_left(mine: Identity, memory: MemoryPorts) -> None:
    _, before = await a_confirmed_app(mine, memory)
    after = await make_recovery_codes(mine, ports=memory)
    assert len({*before, *after}) == 20
    assert await taken(mine, before[0], memory) is None
    assert await taken(mine, after[0], memory) is UsedFactor.RECOVERY_CODE


async def test_a_set_up_that_is_begun_again_forgets_the_first(mine: Identity, memory: MemoryPorts) -> None:
    first, second = await an_app(mine, memory), await an_app(mine, memory)
    assert first.secret != second.secret
    with pytest.raises(InvalidCodeError):
        await confirm_totp(mine, first.at(memory.clock.now()), ports=memory)
    await confirm_totp(mine, second.at(memory.clock.now()), ports=memory)


async def test_an_app_that_counts_goes_on_until_another_takes_its_place(mine: Identity, memory: MemoryPorts) -> None:
    old, old_codes = await a_confirmed_app(mine, memory)
    new = await an_app(mine, memory)
    memory.clock.advance(minutes=1)
    assert await taken(mine, old.at(memory.clock.now()), memory) is UsedFactor.TOTP
    await confirm_totp(mine, new.at(memory.clock.now()), ports=memory)
    memory.clock.advance(minutes=1)
    assert await taken(mine, old.at(memory.clock.now()), memory) is None
    assert await taken(mine, old_codes[0], memory) is None
    assert await taken(mine, new.at(memory.clock.now()), memory) is UsedFactor.TOTP
    assert [event for event, _ in events(memory)] == [
        EventType.FACTOR_ADDED,
        EventType.FACTOR_REMOVED,
        EventType.FACTOR_ADDED,
    ]


async def test_what_was_removed_counts_no_more(mine: Identity, memory: MemoryPorts) -> None:
    app, codes = await a_confirmed_app(mine, memory)
    await remove_totp(mine, ports=memory)
    memory.clock.advance(minutes=1)
    assert await taken(mine, app.at(memory.clock.now()), memory) is None
    assert await taken(mine, codes[0], memory) is None
    assert events(memory)[-1] == (EventType.FACTOR_REMOVED, {"type": "totp"})
    tables = memory.unit_of_work.tables
    assert (tables.totp_factors, tables.recovery_codes) == ({}, {})
    for gone in (remove_totp, make_recovery_codes):
        with pytest.raises(NotFoundError):
            await gone(mine, ports=memory)
    with pytest.raises(NotFoundError):
        await confirm_totp(mine, "000000", ports=memory)


async def test_a_set_up_that_is_dropped_is_no_event(mine: Identity, memory: MemoryPorts) -> None:
    await an_app(mine, memory)
    await remove_totp(mine, ports=memory)
    assert events(memory) == []


@pytest.mark.parametrize(("since_days", "stays"), [(8, True), (6, False)])
async def test_a_recovery_drops_an_app_that_was_added_lately_and_its_codes(
    mine: Identity, memory: MemoryPorts, since_days: int, stays: bool
) -> None:
    app, codes = await a_confirmed_app(mine, memory)
    memory.clock.advance(days=since_days)
    await run_in_transaction(
        memory.unit_of_work,
        lambda each: complete_recovery(
            mine.user, each, memory, added_since=memory.clock.now() - timedelta(days=7), reason="password.reset"
        ),
    )
    assert (await taken(mine, app.at(memory.clock.now()), memory) is not None) is stays
    assert (await taken(mine, codes[0], memory) is not None) is stays


async def test_a_recovery_of_all_leaves_no_factor_and_no_code(mine: Identity, memory: MemoryPorts) -> None:
    _, codes = await a_confirmed_app(mine, memory)
    memory.clock.advance(days=400)
    await run_in_transaction(
        memory.unit_of_work,
        lambda each: complete_recovery(mine.user, each, memory, added_since=None, reason="password.reset"),
    )
    assert await taken(mine, codes[0], memory) is None
    assert memory.unit_of_work.tables.recovery_codes == {}


async def test_no_code_of_somebody_else_will_do(mine: Identity, memory: MemoryPorts) -> None:
    app, codes = await a_confirmed_app(mine, memory)
    memory.clock.advance(minutes=1)
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    his = Identity(bob.user, bob.session)
    assert await taken(his, codes[0], memory) is None
    await a_confirmed_app(his, memory)
    assert await taken(his, app.at(memory.clock.now()), memory) is None
    assert await taken(his, codes[0], memory) is None


async def test_the_database_has_no_seed(mine: Identity, memory: MemoryPorts) -> None:
    app, _ = await a_confirmed_app(mine, memory)
    assert app.secret not in str(memory.unit_of_work.tables)
    (factor,) = memory.unit_of_work.tables.totp_factors.values()
    assert len(factor.seed(memory.master_keys)) == 20
    newer = MasterKeys(["a newer key, which makes what comes from now on", *memory.master_keys.keys])
    assert factor.seed(newer) == factor.seed(memory.master_keys)
    assert factor.key_id != newer.newest_id


async def test_without_its_key_an_app_is_of_no_use_and_recovery_codes_are(mine: Identity, memory: MemoryPorts) -> None:
    app, codes = await a_confirmed_app(mine, memory)
    memory.clock.advance(minutes=1)
    lost = attrs.evolve(memory, master_keys=MasterKeys(["another key of more than 32 bytes"]))
    assert await taken(mine, app.at(memory.clock.now()), lost) is None
    assert await taken(mine, codes[0], lost) is UsedFactor.RECOVERY_CODE


async def test_without_any_master_key_nothing_can_be_set_up(mine: Identity, memory: MemoryPorts) -> None:
    with pytest.raises(NotFoundError):
        await set_up_totp(mine, "Acme", ports=attrs.evolve(memory, master_keys=MasterKeys()))


async def test_all_of_it_asks_for_a_recent_proof(mine: Identity, memory: MemoryPorts) -> None:
    await an_app(mine, memory)
    memory.clock.advance(minutes=11)
    for asked in (
        set_up_totp(mine, "Acme", ports=memory),
        confirm_totp(mine, "000000", ports=memory),
        remove_totp(mine, ports=memory),
        make_recovery_codes(mine, ports=memory),
    ):
        with pytest.raises(StepUpRequiredError):
            await asked


async def test_a_session_that_ended_sets_nothing_up(mine: Identity, memory: MemoryPorts) -> None:
    await log_out(mine, ports=memory)
    with pytest.raises(InvalidTokenError):
        await set_up_totp(mine, "Acme", ports=memory)


async def test_a_code_is_asked_for(mine: Identity, memory: MemoryPorts) -> None:
    with pytest.raises(MissingFieldsError):
        await confirm_totp(mine, "", ports=memory)


async def test_an_account_without_a_factor_has_none(mine: Identity, memory: MemoryPorts) -> None:
    assert await taken(mine, "000000", memory) is None
    assert (await log_in("alice@example.com", "secret", ports=memory)).user == mine.user
    listed = await list_factors(mine, ports=memory)
    assert (listed.totp, listed.recovery_codes_left) == (None, 0)


def test_a_digest_is_that_of_the_bare_letters() -> None:
    assert digest_of_code("abcdef-GHIJKL") == digest_of_code(" ABCDEFGHIJKL\t")
    assert digest_of_code("ABCDEFGHIJKL") != digest_of_code("ABCDEFGHIJKM")
