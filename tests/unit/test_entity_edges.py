"""Entities just before an instant, at it, and long after; what they count, and what they say has changed."""

from contextlib import nullcontext
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    AccessPurpose,
    ApiKey,
    Claims,
    Client,
    EmailAddress,
    EmailChange,
    InvalidTokenError,
    KeyRing,
    OneTimeToken,
    Purpose,
    Role,
    StepUpRequiredError,
    UserId,
    log_in,
    sign_up,
)
from leadnator_auth.domain.entities.api_key import ADMIN_SCOPES
from leadnator_auth.domain.entities.change import Change, changes_between
from leadnator_auth.domain.entities.event_delivery import queued_event
from leadnator_auth.domain.entities.key_ring import MAX_LOOKS, READ_EVERY
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.outbox import SCHEDULE
from leadnator_auth.domain.entities.session import CLOCK_LEEWAY, USE_NOTED_EVERY
from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.use_cases.steps.known_clients import is_known
from leadnator_auth.domain.values.ids import ApiKeyId, SessionId
from leadnator_auth.domain.values.public_key import PublicKey, SigningAlgorithm
from leadnator_auth.testing.contract.samples import NOW, a_signing_key, a_user, an_event_delivery, some_credentials

ALICE = a_user()
MOMENT, DAY = timedelta(microseconds=1), timedelta(days=1)
KEY = ApiKey("digest", ApiKeyId("k_1"), ALICE.id, "backup", ("me", *sorted(ADMIN_SCOPES)), NOW)


@pytest.mark.parametrize(("late", "is_over"), [(-DAY, False), (-MOMENT, False), (timedelta(), True), (DAY, True)])
def test_what_ends_at_an_instant_is_over_then_and_stays_so(late: timedelta, is_over: bool) -> None:
    assert attrs.evolve(KEY, expires_at=NOW).is_expired(NOW + late) is is_over
    change = EmailChange(ALICE.id, 1, ALICE.email, None, changed_at=NOW - 7 * DAY, undoable_until=NOW)
    assert change.is_undoable(NOW + late) is not is_over
    claims = Claims(ALICE.id, SessionId("s_1"), "t_1", AccessPurpose.ACCESS, NOW - 7 * DAY, NOW)
    with pytest.raises(InvalidTokenError, match="expired") if is_over else nullcontext():
        claims.check([AccessPurpose.ACCESS], NOW + CLOCK_LEEWAY + late)


@pytest.mark.parametrize(("late", "is_noted"), [(-MOMENT, False), (timedelta(), True), (DAY, True)])
def test_the_use_of_a_key_is_noted_once_a_minute(late: timedelta, is_noted: bool) -> None:
    assert attrs.evolve(KEY, last_used_at=NOW).is_use_to_be_noted(NOW + USE_NOTED_EVERY + late) is is_noted
    assert KEY.is_use_to_be_noted(NOW)


def test_a_key_without_an_end_has_none() -> None:
    assert not KEY.is_expired(NOW + 10_000 * DAY)


@pytest.mark.parametrize(("role", "scopes"), [(Role.ADMIN, KEY.scopes), (Role.USER, ("me",))])
def test_what_is_for_admins_comes_and_goes_with_the_role(role: Role, scopes: tuple[str, ...]) -> None:
    assert KEY.scopes_of(attrs.evolve(ALICE, role=role)) == scopes


def test_each_password_has_a_number_of_its_own() -> None:
    credentials = some_credentials(ALICE)
    numbers = [credentials.version]
    for number in range(4):
        credentials = credentials.with_password(f"hash-{number}", NOW)
        numbers.append(credentials.version)
    assert numbers == [1, 2, 3, 4, 5]


def test_a_proved_address_is_a_change() -> None:
    proved = attrs.evolve(ALICE, email_verified_at=NOW)
    assert changes_between(ALICE, proved) == (Change("email_verified", "false", "true"),)
    assert changes_between(proved, ALICE) == (Change("email_verified", "true", "false"),)
    assert changes_between(ALICE, ALICE) == ()


@pytest.mark.parametrize(("late", "state"), [(-MOMENT, "queued"), (timedelta(), "dead"), (DAY, "dead")])
def test_an_event_of_three_days_ago_is_not_tried_any_more(late: timedelta, state: str) -> None:
    payload = an_event_delivery().payload
    assert queued_event("d_1", payload, payload.event.at + 3 * DAY + late).state.value == state


def test_a_key_that_is_not_known_is_looked_for_a_few_times_until_they_are_read_again() -> None:
    ring = KeyRing(SigningAlgorithm.ES256)
    ring.keep([], NOW)
    assert [ring.may_look(NOW) for _ in range(MAX_LOOKS + 2)] == [True] * MAX_LOOKS + [False] * 2
    assert ring.may_look(NOW + READ_EVERY), "they are to be read then"
    ring.keep([], NOW + READ_EVERY)
    looked = [ring.may_look(NOW + READ_EVERY) for _ in range(MAX_LOOKS + 1)]
    assert looked == [True] * (MAX_LOOKS - 1) + [False] * 2


def test_a_key_that_verifies_nothing_is_kept_for_a_month() -> None:
    key = attrs.evolve(a_signing_key(), verifies_until=NOW)
    assert not key.is_over(NOW + 30 * DAY - MOMENT)
    assert key.is_over(NOW + 30 * DAY)


@pytest.mark.parametrize(("late", "is_over"), [(-DAY, False), (-MOMENT, False), (timedelta(), True), (DAY, True)])
def test_a_link_and_what_is_known_of_a_client_last_so_long(late: timedelta, is_over: bool) -> None:
    link = OneTimeToken(Purpose.VERIFY, "", ALICE.id, ALICE.email.canonical, NOW - DAY, NOW, epoch=ALICE.secret_epoch)
    assert link.is_usable(ALICE, NOW + late) is not is_over
    client = KnownClient(ALICE.id, "192.0.2.1", NOW - 30 * DAY, ALICE.secret_epoch)
    assert client.is_trusted(ALICE, NOW + late) is not is_over
    client = KnownClient(ALICE.id, "192.0.2.1", NOW - DAY, ALICE.secret_epoch)
    assert client.is_fresh(ALICE, NOW + late) is not is_over


@pytest.mark.parametrize("other", ["", "u_0", "u_zzz"])
def test_a_link_is_of_one_account_and_of_the_address_that_was_asked_for_last(other: str) -> None:
    """Whatever comes before or after them in the order of text."""
    address = EmailAddress(f"{other}@example.com", f"{other}@example.com")
    link = OneTimeToken(Purpose.EMAIL, "", ALICE.id, "m@example.com", NOW, NOW + DAY, epoch=ALICE.secret_epoch)
    wanted = EmailAddress("m@example.com", "m@example.com")
    assert link.belongs_to(attrs.evolve(ALICE, pending_email=wanted))
    assert not link.belongs_to(attrs.evolve(ALICE, pending_email=address))
    assert not link.belongs_to(attrs.evolve(ALICE, id=UserId(other), pending_email=wanted))


async def test_fifty_networks_of_an_account_are_known(memory: MemoryPorts) -> None:
    client = [Client(f"192.0.2.{number}") for number in range(52)]
    alice = await sign_up("Alice", "alice@example.com", "secret", client[0], ports=memory)
    for each in client[1:]:
        memory.clock.advance(seconds=1)
        await log_in("alice@example.com", "secret", each, ports=memory)
    async with memory.unit_of_work.snapshot() as repositories:
        known = [await is_known(alice.user, each, repositories, memory) for each in client]
    assert known == [False] * 2 + [True] * 50


def test_a_signing_key_does_not_show_its_private_half() -> None:
    public = PublicKey(SigningAlgorithm.EDDSA, "x")
    key = SigningKey(kid="kid", public=public, sealed="sealed half", master_key_id="id", published_at=NOW)
    assert "sealed half" not in repr(key)


@pytest.mark.parametrize(("attempts", "delay"), [(1, 5), (2, 10), (3, 20), (10, 2_560), (11, 3_600), (10_000, 3_600)])
def test_a_delay_doubles_up_to_an_hour(attempts: int, delay: int) -> None:
    assert SCHEDULE.delay_after(attempts, jitter=0) == timedelta(seconds=delay)
    assert SCHEDULE.delay_after(attempts, jitter=0.5) == timedelta(seconds=delay) * 0.75


def test_a_proof_is_recent_for_ten_minutes_unless_somebody_says_otherwise() -> None:
    assert StepUpRequiredError().max_age == 600
