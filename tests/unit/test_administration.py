"""Creating, changing and deleting accounts of others, in memory."""

from collections.abc import Mapping

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    AccountSuspendedError,
    Actor,
    AuthError,
    Change,
    EmailAddress,
    EmailTakenError,
    Event,
    EventType,
    FieldsError,
    ForbiddenError,
    InvalidCredentialsError,
    InvalidFieldsError,
    InvalidResetTokenError,
    InvalidTokenError,
    LastAdminError,
    MissingFieldsError,
    NotFoundError,
    Role,
    SignedIn,
    Status,
    User,
    UserId,
    UserRef,
    change_user,
    create_user,
    delete_user,
    deliver_due_mails,
    identify,
    log_in,
    log_out,
    parse_user_ref,
    request_password_reset,
    reset_password,
    show_user,
    sign_up,
)
from leadnator_auth.domain.entities.mail import forgotten
from leadnator_auth.domain.entities.outbox import DeliveryState
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import without_secrets, without_sessions

OPERATOR = Actor.operator()
ALICE = EmailAddress("alice@example.com", "alice@example.com")


@pytest.fixture
async def root(memory: MemoryPorts) -> Actor:
    """An admin who has logged in."""
    await create_user(OPERATOR, "Root", "root@example.com", "secret", is_admin=True, ports=memory)
    return await admin_in(memory, "root@example.com")


async def admin_in(memory: MemoryPorts, email: str) -> Actor:
    signed_in = await log_in(email, "secret", ports=memory)
    return Actor.through(Identity(signed_in.user, signed_in.session))


async def change(memory: MemoryPorts, actor: Actor, who: UserRef, **changes: object) -> User:
    return (await change_user(actor, who, changes, ports=memory)).user


async def delete(memory: MemoryPorts, actor: Actor, who: UserRef) -> User:
    return await delete_user(actor, who, ports=memory)


async def show(memory: MemoryPorts, who: UserRef) -> User:
    return await show_user(OPERATOR, who, ports=memory)


def told(memory: MemoryPorts, kind: str = "user.") -> list[Event]:
    """Returns the events about accounts themselves, oldest first."""
    return [event for event in memory.unit_of_work.tables.events.values() if event.type.startswith(kind)]


async def is_dead(memory: MemoryPorts, token: str) -> bool:
    try:
        await identify(token, ports=memory)
    except InvalidTokenError:
        return True
    return False


async def test_the_operator_makes_the_first_admin(memory: MemoryPorts) -> None:
    made = await create_user(
        OPERATOR, " Root ", "Root@Example.com", "secret", is_admin=True, plan="Growth", ports=memory
    )
    assert (made.name, made.email.typed, made.role, made.plan) == ("Root", "Root@Example.com", Role.ADMIN, "Growth")
    assert made.status is Status.ACTIVE
    assert (await log_in("root@example.com", "secret", ports=memory)).user == made
    (event,) = told(memory)
    assert (event.actor, event.type, event.user_id) == ("operator", EventType.USER_CREATED, made.id)
    assert event.at == memory.clock.now()


async def test_an_account_is_a_users_unless_an_admin_is_asked_for(memory: MemoryPorts, root: Actor) -> None:
    made = await create_user(root, "Bob", "bob@example.com", "secret", ports=memory)
    assert (made.role, made.plan) == (Role.USER, "Starter")
    assert told(memory)[-1].actor == root.id


async def test_the_rules_of_a_new_account_are_those_of_sign_up(memory: MemoryPorts, alice: SignedIn) -> None:
    with pytest.raises(FieldsError) as refusal:
        await create_user(OPERATOR, "\x07", "nonsense", "short", plan="x" * 51, ports=memory)
    assert [error.field for error in refusal.value.errors] == ["name", "email", "password", "plan"]
    with pytest.raises(MissingFieldsError):
        await create_user(OPERATOR, None, "", None, ports=memory)
    hashed = memory.hasher.hashed
    with pytest.raises(EmailTakenError):
        await create_user(OPERATOR, "Al", "ALICE@example.com", "secret", ports=memory)
    assert memory.hasher.hashed == hashed
    assert [event.type for event in told(memory)] == [EventType.USER_CREATED]


async def test_every_field_that_is_given_is_set_and_told(memory: MemoryPorts, root: Actor, alice: SignedIn) -> None:
    changes = {"name": " Alicia ", "role": "admin", "plan": "Growth", "status": "suspended"}
    changed = await change_user(root, alice.user.id, changes, ports=memory)
    expected = attrs.evolve(alice.user, name="Alicia", role=Role.ADMIN, plan="Growth", status=Status.SUSPENDED)
    assert changed.user == without_secrets(without_sessions(expected)) == await show(memory, ALICE)
    assert changed.changes == (
        Change("name", "Alice", "Alicia"),
        Change("role", "user", "admin"),
        Change("plan", "Starter", "Growth"),
        Change("status", "active", "suspended"),
    )
    updated, suspended = told(memory)[-2:]
    assert {(event.actor, event.user_id) for event in (updated, suspended)} == {(root.id, alice.user.id)}
    assert (updated.type, suspended.type) == (EventType.USER_UPDATED, EventType.USER_SUSPENDED)
    assert updated.data == {
        "fields": "name,role,plan",
        "role": "admin",
        "old_role": "user",
        "plan": "Growth",
        "old_plan": "Starter",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "Alice", "role": "user", "plan": "Starter", "status": "active"},
    ],
)
async def test_a_patch_of_nothing_is_a_success_without_a_trace(
    memory: MemoryPorts, alice: SignedIn, changes: Mapping[str, object]
) -> None:
    tables = memory.unit_of_work.tables.copy()
    changed = await change_user(OPERATOR, ALICE, changes, ports=memory)
    assert (changed.user, changed.changes) == (alice.user, ())
    assert memory.unit_of_work.tables == tables


@pytest.mark.parametrize(
    "changes",
    [
        {
            "id": "u_mine",
            "pending_email": "mallory@example.com",
            "password": "hijacked",
            "created_at": "2000-01-01T00:00:00Z",
        },
        {"Role": "admin", "is_admin": True, "\0": None},
        {"staus": "suspended"},
    ],
)
async def test_what_cannot_be_changed_is_refused_by_its_name(
    memory: MemoryPorts, alice: SignedIn, changes: Mapping[str, object]
) -> None:
    tables = memory.unit_of_work.tables.copy()
    with pytest.raises(InvalidFieldsError) as refusal:
        await change_user(OPERATOR, ALICE, {"plan": "Growth", **changes}, ports=memory)
    assert [(error.field, error.code) for error in refusal.value.errors] == [
        (name, "unknown_field") for name in changes
    ]
    assert memory.unit_of_work.tables == tables


async def test_all_bad_fields_are_told_at_once_and_nothing_is_changed(memory: MemoryPorts, alice: SignedIn) -> None:
    with pytest.raises(InvalidFieldsError) as refusal:
        await change(memory, OPERATOR, ALICE, name="x" * 201, role="root", plan="a\nb", status=5)
    assert [error.field for error in refusal.value.errors] == ["name", "role", "plan", "status"]
    with pytest.raises(MissingFieldsError) as missing:
        await change(memory, OPERATOR, ALICE, name=" ", role=None, plan="", status="suspended")
    assert [error.field for error in missing.value.errors] == ["name", "role", "plan"]
    assert await show(memory, ALICE) == alice.user
    assert [event.type for event in told(memory)] == [EventType.USER_CREATED]


async def test_who_is_suspended_is_out_for_good(memory: MemoryPorts, alice: SignedIn) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    secret = memory.mailer.reset_links[0].secret

    await change(memory, OPERATOR, ALICE, status="suspended")

    assert await is_dead(memory, alice.token)
    with pytest.raises(AccountSuspendedError):
        await log_in("alice@example.com", "secret", ports=memory)
    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "another-secret", ports=memory)
    await change(memory, OPERATOR, ALICE, status="active")
    assert await is_dead(memory, alice.token), "an old token does not come back to life"
    with pytest.raises(InvalidResetTokenError):
        await reset_password(secret, "another-secret", ports=memory)
    assert await log_in("alice@example.com", "secret", ports=memory)


async def test_suspending_one_leaves_the_others_alone(memory: MemoryPorts, alice: SignedIn) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await change(memory, OPERATOR, ALICE, status="suspended")
    assert not await is_dead(memory, bob.token)


async def test_other_changes_end_no_session_and_are_in_force_at_once(memory: MemoryPorts, alice: SignedIn) -> None:
    await change(memory, OPERATOR, ALICE, role="admin", plan="Growth", name="Alicia")
    user = (await identify(alice.token, ports=memory)).user
    assert (user.role, user.plan, user.name) == (Role.ADMIN, "Growth", "Alicia")


async def test_who_is_deleted_is_gone(memory: MemoryPorts, root: Actor, alice: SignedIn) -> None:
    assert await delete(memory, root, alice.user.id) == alice.user
    assert await is_dead(memory, alice.token)
    with pytest.raises(NotFoundError):
        await show(memory, ALICE)
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "secret", ports=memory)
    event = told(memory)[-1]
    assert (event.actor, event.type, event.user_id) == (root.id, EventType.USER_DELETED, alice.user.id)
    (ended,) = [event for event in told(memory, "session.ended") if event.user_id == alice.user.id]
    assert (ended.actor, ended.data["session_id"]) == (root.id, alice.session.id)
    with pytest.raises(NotFoundError):
        await delete(memory, root, alice.user.id)


async def test_mails_to_who_is_deleted_go_along_sent_ones_too(memory: MemoryPorts, alice: SignedIn) -> None:
    await request_password_reset("alice@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    await reset_password(memory.mailer.reset_links[0].secret, "new-secret", ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    await delete(memory, OPERATOR, ALICE)
    delivery = await deliver_due_mails(ports=memory)
    assert (delivery.sent, delivery.dropped) == (0, 0)
    left = memory.unit_of_work.tables.mails.values()
    assert {mail.payload.recipient for mail in left} == {forgotten("alice@example.com")}
    assert [mail.state for mail in left] == [DeliveryState.SENT]


async def test_no_secret_no_address_and_no_name_is_in_an_event(
    memory: MemoryPorts, root: Actor, alice: SignedIn
) -> None:
    await change(memory, root, ALICE, name="Alicia", status="suspended")
    await delete(memory, root, alice.user.id)
    for word in ("secret", "cheap$", alice.token, "alice@example.com", "Alice", "Alicia", "Root"):
        assert word not in str(told(memory, ""))


@pytest.mark.parametrize("changes", [{"role": "user"}, {"status": "suspended"}, {"role": "user", "status": "active"}])
@pytest.mark.parametrize("by_operator", [True, False])
async def test_the_last_active_admin_stays(
    memory: MemoryPorts, root: Actor, changes: dict[str, object], by_operator: bool
) -> None:
    actor = OPERATOR if by_operator else root
    await create_user(OPERATOR, "Al", "al@example.com", "secret", is_admin=True, ports=memory)
    await change(memory, OPERATOR, EmailAddress("al@example.com", "al@example.com"), status="suspended")
    before = memory.unit_of_work.tables.copy()
    with pytest.raises(LastAdminError):
        await change(memory, actor, UserId(root.id), **changes)
    with pytest.raises(LastAdminError):
        await delete(memory, actor, UserId(root.id))
    assert memory.unit_of_work.tables == before
    assert (await change(memory, actor, UserId(root.id), name="Boss", plan="Growth")).is_active_admin


async def test_an_admin_among_others_may_go_and_one_who_is_suspended_too(memory: MemoryPorts, root: Actor) -> None:
    emails = [f"admin{number}@example.com" for number in range(3)]
    for email in emails:
        await create_user(OPERATOR, "Al", email, "secret", is_admin=True, ports=memory)
    addresses = [EmailAddress(email, email) for email in emails]
    assert not (await change(memory, root, addresses[0], role="user")).is_active_admin
    assert (await change(memory, root, addresses[1], status="suspended")).is_suspended
    await delete(memory, root, addresses[1])
    await delete(memory, root, addresses[2])
    with pytest.raises(LastAdminError):
        await delete(memory, root, UserId(root.id))


async def test_an_admin_demoted_a_moment_ago_may_do_nothing_any_more(
    memory: MemoryPorts, root: Actor, alice: SignedIn
) -> None:
    await change(memory, root, ALICE, role="admin")
    await change(memory, OPERATOR, UserId(root.id), role="user")
    before = memory.unit_of_work.tables.copy()
    with pytest.raises(ForbiddenError) as refusal:
        await change(memory, root, ALICE, role="user")
    assert refusal.value.user_id == root.id
    with pytest.raises(ForbiddenError):
        await delete(memory, root, ALICE)
    with pytest.raises(ForbiddenError):
        await create_user(root, "Bob", "bob@example.com", "secret", ports=memory)
    with pytest.raises(ForbiddenError):
        await change(memory, root, UserId(root.id), role="admin")
    assert memory.unit_of_work.tables == before


async def test_an_admin_demoted_while_a_password_is_hashed_makes_no_account(
    memory: MemoryPorts, root: Actor, alice: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(memory, root, ALICE, role="admin")
    hash_password = memory.hasher.hash

    async def demoted_meanwhile(password: object) -> str:
        await change(memory, OPERATOR, UserId(root.id), role="user")
        return await hash_password(password)  # type: ignore[arg-type]  # it is a Password

    monkeypatch.setattr(type(memory.hasher), "hash", lambda _, password: demoted_meanwhile(password))
    with pytest.raises(ForbiddenError):
        await create_user(root, "Bob", "bob@example.com", "secret", ports=memory)
    assert len(memory.unit_of_work.tables.users) == 2


async def test_who_is_no_admin_is_refused_before_anything_else_is_looked_at(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    actor = Actor.through(Identity(alice.user, alice.session))
    for changes in ({}, {"role": "admin"}, {"role": None}):
        with pytest.raises(ForbiddenError):
            await change(memory, actor, UserId("u_nobody"), **changes)
    with pytest.raises(ForbiddenError):
        await delete(memory, actor, UserId("u_nobody"))
    with pytest.raises(ForbiddenError):
        await create_user(actor, None, None, None, ports=memory)
    with pytest.raises(ForbiddenError):
        await show_user(actor, alice.user.id, ports=memory)


async def test_an_admin_whose_session_ended_may_do_nothing(memory: MemoryPorts, root: Actor, alice: SignedIn) -> None:
    signed_in = await log_in("root@example.com", "secret", ports=memory)
    identity = Identity(signed_in.user, signed_in.session)
    stolen = attrs.evolve(Actor.through(identity), session_id=alice.session.id)
    nobody = attrs.evolve(root, id="u_nobody")
    suspended = attrs.evolve(identity.user, status=Status.SUSPENDED)
    await log_out(identity, ports=memory)
    actors: list[tuple[Actor, type[AuthError]]] = [
        (Actor.through(identity), InvalidTokenError),
        (stolen, InvalidTokenError),
        (nobody, InvalidTokenError),
    ]
    for actor, refusal in actors:
        with pytest.raises(refusal, match="session ended"):
            await change(memory, actor, ALICE, plan="Growth")
    memory.unit_of_work.tables.users[suspended.id] = suspended
    with pytest.raises(InvalidTokenError, match="suspended"):
        await change(memory, root, ALICE, plan="Growth")
    assert await show(memory, ALICE) == alice.user


@pytest.mark.parametrize("who", ["u_nobody", "", "\0", "\ud800", "x" * 100_000, "nobody@example.com"])
async def test_nobody_is_not_found(memory: MemoryPorts, alice: SignedIn, who: str) -> None:
    meant = parse_user_ref(who, ports=memory)
    for attempt in (show(memory, meant), change(memory, OPERATOR, meant, plan="x"), delete(memory, OPERATOR, meant)):
        with pytest.raises(NotFoundError):
            await attempt


async def test_who_is_meant_is_an_address_in_any_spelling_or_an_id(memory: MemoryPorts, alice: SignedIn) -> None:
    for text in (" ALICE@example.com ", alice.user.id):
        assert await show(memory, parse_user_ref(text, ports=memory)) == alice.user
    with pytest.raises(NotFoundError):
        parse_user_ref("no@address", ports=memory)
