"""API keys in memory: making them, what they may do while their user is what they are, and what drops them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryIdentities, MemoryPorts
from leadnator_auth.domain import (
    Actor,
    ApiKeyId,
    ForbiddenError,
    Identity,
    InsufficientScopeError,
    InvalidFieldsError,
    InvalidTokenError,
    KeyIdentity,
    MailKind,
    MissingFieldsError,
    NotFoundError,
    Policy,
    RateLimit,
    SessionId,
    SessionRequiredError,
    SignedIn,
    TooManyApiKeysError,
    TooManyRequestsError,
    UserId,
    change_email,
    change_user,
    confirm_email,
    create_api_key,
    create_api_key_for,
    deliver_due_mails,
    identify,
    identify_any,
    identify_for_media,
    identify_key,
    identify_key_for,
    introspect,
    list_api_keys,
    list_api_keys_of,
    log_in,
    log_out,
    request_password_reset,
    reset_password,
    revoke_any_api_key,
    revoke_api_key,
    undo_email_change,
)
from leadnator_auth.domain.values.fields import BadFieldError
from leadnator_auth.domain.values.instant import parse_instant

OPERATOR = Actor.operator()


class Watched(MemoryIdentities):
    """Counts the look-ups, and the uses that are to be noted."""

    looked_up = 0
    noted = 0

    async def by_session(self, session_id: SessionId) -> Identity | None:
        Watched.looked_up += 1
        return await super().by_session(session_id)

    async def by_api_key(self, digest: str) -> KeyIdentity | None:
        Watched.looked_up += 1
        return await super().by_api_key(digest)

    def note_key_use(self, key_id: ApiKeyId, now: datetime) -> None:
        Watched.noted += 1
        super().note_key_use(key_id, now)


@pytest.fixture
def watched(memory: MemoryPorts) -> MemoryPorts:
    """The world of `memory`, counted from now on."""
    Watched.looked_up = Watched.noted = 0
    return attrs.evolve(memory, identities=Watched(memory.unit_of_work))


async def secret_of(identity: Identity, memory: MemoryPorts, name: str = "CI") -> str:
    return (await create_api_key(identity, name, ports=memory)).secret


async def is_good(secret: str, memory: MemoryPorts) -> bool:
    try:
        await identify_key(secret, ports=memory)
    except InvalidTokenError:
        return False
    return True


async def test_whatever_is_for_sessions_refuses_a_key(memory: MemoryPorts, identity: Identity) -> None:
    secret = await secret_of(identity, memory)
    for refused in (identify(secret, ports=memory), identify_for_media(secret, "/media/42", ports=memory)):
        with pytest.raises(SessionRequiredError) as told:
            await refused
        assert told.value.user_id == identity.user.id
    for bad in ("lnk_", f"{secret}x", "lnk_" + "A" * 43):
        with pytest.raises(InvalidTokenError):
            await identify(bad, ports=memory)


async def test_a_session_costs_what_it_did_and_a_malformed_key_nothing(watched: MemoryPorts, alice: SignedIn) -> None:
    await identify_any(alice.token, ports=watched)
    assert Watched.looked_up == 1
    for malformed in ("lnk_x", "lnk_" + "A" * 42 + "=", "lnk_" + "ä" * 43, "lnk_" + "A" * 43 + "\n"):
        with pytest.raises(InvalidTokenError):
            await identify_any(malformed, ports=watched)
    assert Watched.looked_up == 1


async def test_a_use_is_noted_once_a_minute(watched: MemoryPorts, identity: Identity) -> None:
    secret = await secret_of(identity, watched)
    for _ in range(3):
        await identify_key(secret, ports=watched)
    watched.clock.advance(seconds=59)
    await identify_key(secret, ports=watched)
    assert Watched.noted == 1
    watched.clock.advance(seconds=1)
    await identify_key(secret, ports=watched)
    assert Watched.noted == 2
    (key,) = await list_api_keys(identity, ports=watched)
    assert key.last_used_at == watched.clock.now()


async def test_a_key_says_whose_it_is_and_what_it_may_do_now(memory: MemoryPorts, identity: Identity) -> None:
    await change_user(OPERATOR, identity.user.id, {"role": "admin"}, ports=memory)
    made = await create_api_key(identity, "CI", ["introspect", "introspect"], ports=memory)
    sender = await identify_any(made.secret, scope="introspect", ports=memory)
    assert isinstance(sender, KeyIdentity)
    assert (sender.user.id, sender.key.id, sender.scopes) == (identity.user.id, made.key.id, ("introspect",))
    assert (await identify_key_for("introspect", made.secret, ports=memory)).key.id == made.key.id
    with pytest.raises(InsufficientScopeError) as told:
        await identify_any(made.secret, scope="revocations", ports=memory)
    assert (told.value.scope, told.value.user_id) == ("revocations", identity.user.id)
    assert "revocations" in str(told.value)


async def test_a_session_has_no_scope(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_user(OPERATOR, alice.user.id, {"role": "admin"}, ports=memory)
    assert isinstance(await identify_any(alice.token, scope="introspect", ports=memory), Identity)
    with pytest.raises(InsufficientScopeError):
        await identify_key_for("introspect", alice.token, ports=memory)


async def test_scopes_of_a_host_are_for_everybody(memory: MemoryPorts, identity: Identity) -> None:
    ports = attrs.evolve(memory, policy=attrs.evolve(memory.policy, host_scopes=frozenset({"reports", "a:b"})))
    made = await create_api_key(identity, "CI", ["reports", "a:b"], ports=ports)
    assert (await identify_key(made.secret, ports=ports)).scopes == ("a:b", "reports")
    with pytest.raises(ForbiddenError):
        await create_api_key(identity, "CI", ["reports", "revocations"], ports=ports)


@pytest.mark.parametrize("scope", ["", "two words", 'a"b', "a\\b", "a\n", "bücher"])
def test_a_scope_of_a_host_is_a_word(scope: str) -> None:
    with pytest.raises(ValueError, match="no scope"):
        Policy(host_scopes=frozenset({"reports:read", scope}))


async def test_making_one_again_and_again_is_limited(memory: MemoryPorts, identity: Identity) -> None:
    limited = attrs.evolve(memory, policy=Policy(account_changes=RateLimit("account", 2, timedelta(hours=1))))
    for _ in range(2):
        await secret_of(identity, limited)
    with pytest.raises(TooManyRequestsError):
        await secret_of(identity, limited)


async def test_nobody_gets_more_than_five_notices_an_hour(memory: MemoryPorts, identity: Identity) -> None:
    for _ in range(7):
        await secret_of(identity, memory)
    await deliver_due_mails(ports=memory)
    assert [mail.kind for mail in memory.mailer.mails] == [MailKind.API_KEY_CREATED] * 5


async def test_a_change_of_address_right_after_hides_no_new_key(memory: MemoryPorts, identity: Identity) -> None:
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await secret_of(identity, memory)
    await confirm_email(memory.mailer.confirmation_links[0].secret, ports=memory)
    await deliver_due_mails(ports=memory)
    told = [mail.to.canonical for mail in memory.mailer.mails if mail.kind is MailKind.API_KEY_CREATED]
    assert told == ["alice@example.com"]


async def test_the_operator_makes_shows_and_revokes_keys_of_others(memory: MemoryPorts, identity: Identity) -> None:
    alice = identity.user.id
    made = await create_api_key_for(alice, "CI", None, "2999-01-01T00:00:00Z", ports=memory)
    assert made.key.expires_at == datetime(2999, 1, 1, tzinfo=UTC)
    assert await list_api_keys_of(alice, ports=memory) == [made.key] == await list_api_keys(identity, ports=memory)
    assert await revoke_any_api_key(made.key.id, ports=memory) == made.key
    assert await list_api_keys(identity, ports=memory) == []
    told = [(event.type, event.actor, event.user_id) for event in memory.events[-2:]]
    assert told == [("api_key.created", "operator", alice), ("api_key.revoked", "operator", alice)]
    await deliver_due_mails(ports=memory)
    assert [mail.kind for mail in memory.mailer.mails] == [MailKind.API_KEY_CREATED]


async def test_the_operator_is_bound_by_the_rules(memory: MemoryPorts, identity: Identity) -> None:
    alice, nobody = identity.user.id, UserId("u_nobody")
    with pytest.raises(ForbiddenError):
        await create_api_key_for(alice, "CI", ["introspect"], ports=memory)
    with pytest.raises(MissingFieldsError):
        await create_api_key_for(alice, "", ports=memory)
    for refused in (create_api_key_for(nobody, "CI", ports=memory), list_api_keys_of(nobody, ports=memory)):
        with pytest.raises(NotFoundError):
            await refused
    for key_id in ("k_nowhere", "\0", "k_\ud800"):
        for revoking in (revoke_any_api_key(key_id, ports=memory), revoke_api_key(identity, key_id, ports=memory)):
            with pytest.raises(NotFoundError):
                await revoking
    for number in range(50):
        await create_api_key_for(alice, str(number), ports=memory)
    with pytest.raises(TooManyApiKeysError):
        await create_api_key_for(alice, "one more", ports=memory)


async def test_a_session_that_ended_meanwhile_does_nothing(memory: MemoryPorts, identity: Identity) -> None:
    key = (await create_api_key(identity, "CI", ports=memory)).key
    await log_out(identity, ports=memory)
    for refused in (
        create_api_key(identity, "CI", ports=memory),
        list_api_keys(identity, ports=memory),
        revoke_api_key(identity, key.id, ports=memory),
    ):
        with pytest.raises(InvalidTokenError):
            await refused
    assert await list_api_keys_of(identity.user.id, ports=memory) == [key]


async def reset(memory: MemoryPorts) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[-1].secret, "new-secret", ports=memory)


@pytest.mark.parametrize(
    ("age", "survives"), [(timedelta(days=7), False), (timedelta(days=7, microseconds=1), True)], ids=str
)
async def test_a_reset_drops_what_was_made_in_the_last_seven_days(
    memory: MemoryPorts, identity: Identity, age: timedelta, survives: bool
) -> None:
    await change_user(OPERATOR, identity.user.id, {"email_verified": True}, ports=memory)
    secret = await secret_of(identity, memory)
    memory.clock.instant += age
    await reset(memory)
    assert await is_good(secret, memory) is survives


async def test_a_reset_drops_every_key_of_an_account_that_nobody_verified(
    memory: MemoryPorts, identity: Identity
) -> None:
    secret = await secret_of(identity, memory)
    memory.clock.advance(days=300)
    await reset(memory)
    assert not await is_good(secret, memory)


async def test_an_undo_drops_what_was_made_since_the_change(memory: MemoryPorts, identity: Identity) -> None:
    await change_user(OPERATOR, identity.user.id, {"email_verified": True}, ports=memory)
    before = await secret_of(identity, memory, "the owner's")
    memory.clock.instant += timedelta(microseconds=1)
    await change_email(identity, "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await confirm_email(memory.mailer.confirmation_links[0].secret, ports=memory)
    after = await secret_of(identity, memory, "the intruder's")
    await deliver_due_mails(ports=memory)
    await undo_email_change(memory.mailer.undo_links[0].secret, ports=memory)
    assert [await is_good(secret, memory) for secret in (before, after)] == [True, False]
    assert [key.name for key in await list_api_keys_of(identity.user.id, ports=memory)] == ["the owner's"]


async def test_the_reset_after_an_undo_drops_all_that_was_made_where_the_old_address_was_never_proved(
    memory: MemoryPorts, identity: Identity
) -> None:
    made = await secret_of(identity, memory, "of whoever signed up with an address not theirs")
    memory.clock.instant += timedelta(days=8)  # a reset would take it for the owner's
    again = await log_in("alice@example.com", "secret", ports=memory)
    await change_email(Identity(again.user, again.session), "al@example.org", ports=memory)
    await deliver_due_mails(ports=memory)
    await confirm_email(memory.mailer.confirmation_links[0].secret, ports=memory)
    await deliver_due_mails(ports=memory)
    await undo_email_change(memory.mailer.undo_links[0].secret, ports=memory)
    assert await is_good(made, memory), "it was there before the change"
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[-1].secret, "new-secret", ports=memory)
    assert not await is_good(made, memory)
    assert await list_api_keys_of(identity.user.id, ports=memory) == []


async def test_introspection_counts_as_a_use(memory: MemoryPorts, identity: Identity) -> None:
    secret = await secret_of(identity, memory)
    found = await introspect(secret, ports=memory)
    assert found is not None
    assert (found.user.id, found.scopes, found.session_id, found.expires_at) == (identity.user.id, (), None, None)
    (key,) = await list_api_keys(identity, ports=memory)
    assert key.last_used_at == memory.clock.now()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31t12:00:00z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.999999999Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5+01:30", datetime(2026, 1, 31, 10, 30, tzinfo=UTC)),
        ("2026-01-31T12:00:00-00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_rfc_3339_writes_it(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026-01-31T12:00Z",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z",
        "20260131T120000Z",
        "2026-01-31T12:00:00+0100",
        "2026-01-31T12:00:00+25:00",
        "2026-01-31T24:00:01Z",
        "2026-13-01T12:00:00Z",
        "2026-01-31T12:00:00.Z",
        "0001-01-01T00:00:00+01:00",
        " 2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00Z\n",
        "٢026-01-31T12:00:00Z",
    ],
    ids=ascii,
)
def test_another_way_to_write_a_time_is_refused(text: str) -> None:
    with pytest.raises(BadFieldError):
        parse_instant(text)


@pytest.mark.parametrize(
    ("scopes", "code"),
    [("introspect", "wrong_type"), ({"introspect": True}, "wrong_type"), (["me", 7], "unknown_value")],
)
async def test_scopes_are_a_list_of_known_ones(memory: MemoryPorts, identity: Identity, scopes: Any, code: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        await create_api_key(identity, "CI", scopes, ports=memory)
    assert [(error.field, error.code) for error in refused.value.errors] == [("scopes", code)]


async def test_a_key_is_over_with_its_time_and_while_its_account_may_not_be_used(
    memory: MemoryPorts, identity: Identity
) -> None:
    for_ever = await secret_of(identity, memory)
    at = memory.clock.now() + timedelta(hours=1)
    short = (await create_api_key(identity, "CI", expires_at=at.isoformat(), ports=memory)).secret
    memory.clock.advance(seconds=3599)
    assert [await is_good(secret, memory) for secret in (for_ever, short)] == [True, True]
    memory.clock.advance(seconds=1)
    assert [await is_good(secret, memory) for secret in (for_ever, short)] == [True, False]
    await change_user(OPERATOR, identity.user.id, {"status": "suspended"}, ports=memory)
    assert not await is_good(for_ever, memory)


async def test_where_any_key_will_do_no_scope_is_needed(memory: MemoryPorts, identity: Identity) -> None:
    sender = await identify_any(await secret_of(identity, memory), ports=memory)
    assert sender.user.id == identity.user.id
