"""One's own account: seeing it, changing it, deleting it, taking all of it along; in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    EventType,
    FieldsError,
    Identity,
    InvalidFieldsError,
    InvalidTokenError,
    JsonObject,
    LastAdminError,
    MissingFieldsError,
    Policy,
    SignedIn,
    StepUpRequiredError,
    TooManyRequestsError,
    UserId,
    change_account,
    change_user,
    create_user,
    delete_account,
    delete_user,
    deliver_due_mails,
    export_account,
    identify,
    log_in,
    log_out,
    request_password_reset,
    show_account,
    show_user,
    sign_up,
    step_up,
)
from leadnator_auth.domain.entities.mail import forgotten
from leadnator_auth.domain.values.json_object import UNREAD

TTL = timedelta(minutes=10)
OPERATOR = Actor.operator()


def identity_of(signed_in: SignedIn) -> Identity:
    return Identity(signed_in.user, signed_in.session)


async def make_admin(user_id: UserId, memory: MemoryPorts) -> None:
    await change_user(OPERATOR, user_id, {"role": "admin"}, ports=memory)


def events(memory: MemoryPorts) -> list[tuple[str, dict[str, str | None]]]:
    return [(event.type.value, dict(event.data)) for event in memory.unit_of_work.tables.events.values()]


async def test_a_new_account_has_empty_metadata(memory: MemoryPorts, identity: Identity) -> None:
    user = await show_account(identity, ports=memory)
    assert (user, dict(user.user_metadata), dict(user.app_metadata)) == (identity.user, {}, {})


async def test_name_and_metadata_are_set_and_shown(memory: MemoryPorts, identity: Identity) -> None:
    metadata = {"theme": "dark", "nested": {"list": [1, None, True]}}
    changed = await change_account(identity, {"name": " Alicia ", "user_metadata": metadata}, ports=memory)
    assert (changed.name, dict(changed.user_metadata)) == ("Alicia", metadata)
    shown = await show_account(identity, ports=memory)
    assert (shown.name, dict(shown.user_metadata), dict(shown.app_metadata)) == ("Alicia", metadata, {})
    for_admins = await show_user(OPERATOR, identity.user.id, ports=memory)
    assert for_admins.user_metadata == metadata


async def test_metadata_replaces_what_was_there_and_stays_where_it_is_not_named(
    memory: MemoryPorts, identity: Identity
) -> None:
    await change_account(identity, {"user_metadata": {"a": 1, "b": 2}}, ports=memory)
    assert (await change_account(identity, {"name": "Alicia"}, ports=memory)).user_metadata == {"a": 1, "b": 2}
    assert (await change_account(identity, {"user_metadata": {"b": 3}}, ports=memory)).user_metadata == {"b": 3}
    assert (await change_account(identity, {"user_metadata": {}}, ports=memory)).user_metadata == {}


async def test_each_change_is_an_event_that_tells_which_fields_and_nothing_of_them(
    memory: MemoryPorts, identity: Identity
) -> None:
    memory.unit_of_work.tables.events.clear()
    for changes in (
        {"name": "Alicia"},
        {"user_metadata": {"hobby": 1}},
        {"user_metadata": {"hobby": True}},
        {"user_metadata": {"hobby": 1.0}},
        {"name": "Alice", "user_metadata": {"hobby": "chess"}},
    ):
        await change_account(identity, changes, ports=memory)
        await change_account(identity, changes, ports=memory)
    await change_account(identity, {}, ports=memory)
    await change_user(OPERATOR, identity.user.id, {"app_metadata": {"customer": 4711}}, ports=memory)
    fields = ["name", "user_metadata", "user_metadata", "user_metadata", "name,user_metadata", "app_metadata"]
    assert events(memory) == [("user.updated", {"fields": each}) for each in fields]


@pytest.mark.parametrize(
    ("changes", "kind", "problems"),
    [
        ({"name": None}, MissingFieldsError, {"name": "missing"}),
        ({"name": " "}, MissingFieldsError, {"name": "missing"}),
        ({"user_metadata": None}, MissingFieldsError, {"user_metadata": "missing"}),
        ({"user_metadata": []}, InvalidFieldsError, {"user_metadata": "wrong_type"}),
        ({"user_metadata": "{}"}, InvalidFieldsError, {"user_metadata": "wrong_type"}),
        ({"user_metadata": {"a": 2**53}}, InvalidFieldsError, {"user_metadata": "invalid_number"}),
        (
            {"name": 5, "user_metadata": {"a": "\0"}},
            InvalidFieldsError,
            {"name": "wrong_type", "user_metadata": "invalid_characters"},
        ),
        *(
            ({name: "x", "name": "Alicia"}, InvalidFieldsError, {name: "unknown_field"})
            for name in ("role", "plan", "status", "email", "app_metadata", "id", "email_verified", "metadata", "Name")
        ),
    ],
)
async def test_nothing_else_is_taken_and_nothing_is_changed_in_part(
    memory: MemoryPorts,
    identity: Identity,
    changes: dict[str, object],
    kind: type[FieldsError],
    problems: dict[str, str],
) -> None:
    with pytest.raises(kind) as refused:
        await change_account(identity, changes, ports=memory)
    assert {error.field: error.code for error in refused.value.errors} == problems
    assert (await show_account(identity, ports=memory)).name == "Alice"


async def test_admins_alone_set_app_metadata_and_not_that_of_the_user(memory: MemoryPorts, identity: Identity) -> None:
    await change_account(identity, {"user_metadata": {"theme": "dark"}}, ports=memory)
    changed = await change_user(OPERATOR, identity.user.id, {"app_metadata": {"customer": 4711}}, ports=memory)
    assert changed.user.app_metadata == {"customer": 4711}
    assert changed.user.user_metadata == {"theme": "dark"}
    assert [(change.field, change.old, change.new) for change in changed.changes] == [
        ("app_metadata", "{}", '{"customer":4711}')
    ]
    await change_user(OPERATOR, identity.user.id, {"plan": "Growth"}, ports=memory)
    assert (await show_account(identity, ports=memory)).app_metadata == {"customer": 4711}
    for bad, kind in ((None, MissingFieldsError), ("x", InvalidFieldsError), ({"a": float("nan")}, InvalidFieldsError)):
        with pytest.raises(kind):
            await change_user(OPERATOR, identity.user.id, {"app_metadata": bad}, ports=memory)
    with pytest.raises(InvalidFieldsError):
        await change_user(OPERATOR, identity.user.id, {"user_metadata": {}}, ports=memory)


async def test_what_every_request_looks_up_has_no_metadata_and_says_so(memory: MemoryPorts, alice: SignedIn) -> None:
    await change_account(identity_of(alice), {"user_metadata": {"a": 1}}, ports=memory)
    found = await identify(alice.token, ports=memory)
    assert (found.user.user_metadata is UNREAD, found.user.app_metadata is UNREAD) == (True, True)
    with pytest.raises(RuntimeError, match="show_account"):
        assert found.user.user_metadata["a"]
    assert (await show_account(found, ports=memory)).user_metadata == {"a": 1}


@attrs.frozen
class NoSecrets:
    """A MetadataSchema that wants no member "secret"."""

    seen: list[JsonObject] = attrs.Factory(list)

    async def problem(self, metadata: JsonObject) -> str | None:
        self.seen.append(metadata)
        return "there is a secret" if "secret" in metadata else None


async def test_a_schema_is_asked_about_what_users_set_and_nothing_else(memory: MemoryPorts, identity: Identity) -> None:
    schema = NoSecrets()
    ports = attrs.evolve(memory, metadata_schema=schema)
    await change_account(identity, {"user_metadata": {"a": 1}}, ports=ports)
    with pytest.raises(InvalidFieldsError) as refused:
        await change_account(identity, {"user_metadata": {"secret": 1}, "name": "x" * 201}, ports=ports)
    problems = [(error.field, error.code, error.message) for error in refused.value.errors]
    assert problems[1] == ("user_metadata", "schema_mismatch", "there is a secret")
    assert [problem[0] for problem in problems] == ["name", "user_metadata"]
    await change_account(identity, {"name": "Alicia"}, ports=ports)
    with pytest.raises(InvalidFieldsError):
        await change_account(identity, {"user_metadata": {"a": float("inf")}}, ports=ports)
    await change_user(OPERATOR, identity.user.id, {"app_metadata": {"secret": 1}}, ports=ports)
    assert schema.seen == [{"a": 1}, {"secret": 1}]


async def test_changes_have_a_limit_an_account(memory: MemoryPorts, identity: Identity) -> None:
    for number in range(600):
        await change_account(identity, {"user_metadata": {"n": number}}, ports=memory)
    with pytest.raises(TooManyRequestsError):
        await change_account(identity, {"user_metadata": {}}, ports=memory)
    other = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await change_account(identity_of(other), {"name": "Bobby"}, ports=memory)
    await change_account(identity, {"name": "x"}, ports=attrs.evolve(memory, policy=Policy(account_changes=None)))


CALLS: list[Callable[[Identity, MemoryPorts], Awaitable[object]]] = [
    lambda identity, ports: show_account(identity, ports=ports),
    lambda identity, ports: change_account(identity, {"name": "x"}, ports=ports),
    lambda identity, ports: delete_account(identity, ports=ports),
    lambda identity, ports: export_account(identity, ports=ports),
]


@pytest.mark.parametrize("call", CALLS)
async def test_a_session_that_ended_does_nothing_any_more(
    memory: MemoryPorts, identity: Identity, call: Callable[[Identity, MemoryPorts], Awaitable[object]]
) -> None:
    await log_out(identity, ports=memory)
    with pytest.raises(InvalidTokenError):
        await call(identity, memory)
    suspended = identity_of(await log_in("alice@example.com", "secret", ports=memory))
    await change_user(OPERATOR, identity.user.id, {"status": "suspended"}, ports=memory)
    with pytest.raises(InvalidTokenError):
        await call(suspended, memory)
    await delete_user(OPERATOR, identity.user.id, ports=memory)
    with pytest.raises(InvalidTokenError):
        await call(suspended, memory)


@pytest.mark.parametrize("call", CALLS[2:])
async def test_deletion_and_export_take_a_recent_proof(
    memory: MemoryPorts, identity: Identity, call: Callable[[Identity, MemoryPorts], Awaitable[object]]
) -> None:
    memory.clock.instant += TTL
    before = memory.unit_of_work.tables
    with pytest.raises(StepUpRequiredError):
        await call(identity, memory)
    assert memory.unit_of_work.tables == before
    await step_up(identity, "secret", ports=memory)
    await call(identity, memory)


@pytest.mark.parametrize("call", CALLS[:2])
async def test_seeing_and_changing_take_none(
    memory: MemoryPorts, identity: Identity, call: Callable[[Identity, MemoryPorts], Awaitable[object]]
) -> None:
    memory.clock.instant += TTL
    await call(identity, memory)


async def test_a_deletion_leaves_nothing_but_thin_events(memory: MemoryPorts, alice: SignedIn) -> None:
    bob = await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    for address in ("alice@example.com", "bob@example.com"):
        await request_password_reset(address, ports=memory)
    await deliver_due_mails(ports=memory)
    await request_password_reset("alice@example.com", ports=memory)
    await log_in("alice@example.com", "secret", ports=memory)
    await delete_account(identity_of(alice), ports=memory)
    tables = attrs.asdict(memory.unit_of_work.tables, recurse=False)
    gone = tables.pop("events")
    assert "alice" not in repr(tables).lower()
    assert alice.user.id not in repr(tables)
    recipients = [mail.payload.recipient for mail in memory.unit_of_work.tables.mails.values()]
    assert sorted(recipients) == sorted(["bob@example.com", forgotten("alice@example.com")])
    assert "alice" not in repr([event.data for event in gone.values()]).lower()
    kept = [(event.type, event.actor) for event in gone.values() if event.user_id == alice.user.id]
    assert kept[-3:] == [
        (EventType.SESSION_ENDED, alice.user.id),
        (EventType.SESSION_ENDED, alice.user.id),
        (EventType.USER_DELETED, alice.user.id),
    ]
    with pytest.raises(InvalidTokenError):
        await identify(alice.token, ports=memory)
    assert await identify(bob.token, ports=memory)
    again = await sign_up("Al", "ALICE@example.com", "secret", ports=memory)
    assert again.user.id != alice.user.id
    assert (await export_account(identity_of(again), ports=memory)).mails == ()


async def test_the_last_admin_stays(memory: MemoryPorts, alice: SignedIn) -> None:
    await make_admin(alice.user.id, memory)
    with pytest.raises(LastAdminError):
        await delete_account(identity_of(alice), ports=memory)
    assert await identify(alice.token, ports=memory)
    await create_user(OPERATOR, "Root", "root@example.com", "secret", is_admin=True, ports=memory)
    await delete_account(identity_of(alice), ports=memory)


async def test_who_became_admin_after_the_request_began_is_one(memory: MemoryPorts, alice: SignedIn) -> None:
    held = identity_of(alice)
    await make_admin(alice.user.id, memory)
    assert not held.user.is_active_admin
    with pytest.raises(LastAdminError):
        await delete_account(held, ports=memory)


async def test_of_two_deletions_at_once_one_is_made(memory: MemoryPorts, identity: Identity) -> None:
    outcomes = await asyncio.gather(*(delete_account(identity, ports=memory) for _ in range(2)), return_exceptions=True)
    assert outcomes[0] is None
    assert isinstance(outcomes[1], InvalidTokenError)
    assert [kind for kind, _ in events(memory)].count("user.deleted") == 1


async def test_an_export_has_all_that_is_kept_and_no_other_users(memory: MemoryPorts, alice: SignedIn) -> None:
    for name in ("alice", "bob"):
        if name == "bob":
            await sign_up("Bob", "bob@example.com", "secret", ports=memory)
        await request_password_reset(f"{name}@example.com", ports=memory)
    await deliver_due_mails(ports=memory)
    export = await export_account(identity_of(alice), ports=memory)
    told: dict[str, Any] = {
        "sessions": [session.user_id for session in export.sessions],
        "tokens": [token.user_id for token in export.one_time_tokens],
        "mails": [mail.payload.recipient for mail in export.mails],
        "events": sorted([(event.type.value, event.user_id) async for event in export.events]),
    }
    assert told == {
        "sessions": [alice.user.id],
        "tokens": [alice.user.id],
        "mails": ["alice@example.com"],
        "events": [("session.started", alice.user.id), ("user.created", alice.user.id)],
    }
    assert (export.user, export.password_changed_at) == (alice.user, alice.user.created_at)


async def test_an_export_reads_events_page_by_page_and_all_of_them(memory: MemoryPorts, alice: SignedIn) -> None:
    for number in range(1200):
        memory.clock.instant += timedelta(microseconds=number % 2)
        await change_account(
            identity_of(alice),
            {"name": f"Alice {number}"},
            ports=attrs.evolve(memory, policy=Policy(account_changes=None)),
        )
    export = await export_account(identity_of(alice), ports=memory)
    ids = [event.id async for event in export.events]
    assert len(ids) == len(set(ids)) == 1202
    at = [memory.unit_of_work.tables.events[event_id].at for event_id in ids]
    assert at == sorted(at, reverse=True)


async def test_an_account_without_a_password_is_exported(memory: MemoryPorts, identity: Identity) -> None:
    memory.unit_of_work.tables.credentials.clear()
    assert (await export_account(identity, ports=memory)).password_changed_at is None
