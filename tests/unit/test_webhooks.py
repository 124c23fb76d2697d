"""Webhooks administered: who may, what is taken, and which secret is whose."""

import base64
from collections.abc import Awaitable, Callable

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    ForbiddenError,
    Identity,
    InvalidFieldsError,
    InvalidTokenError,
    MissingFieldsError,
    NotFoundError,
    Policy,
    Ports,
    SignedIn,
    TooManyWebhooksError,
    WebhookId,
    WebhookWithSecret,
    add_webhook,
    change_user,
    change_webhook,
    list_webhook_deliveries,
    list_webhooks,
    log_out,
    remove_webhook,
    retry_webhook_delivery,
    rotate_webhook_secret,
    send_test_event,
    show_webhook,
)
from leadnator_auth.domain.entities.event import HAPPENINGS, EventType
from leadnator_auth.domain.entities.webhook import MAX_DESCRIPTION_LENGTH, MAX_WEBHOOKS
from leadnator_auth.domain.values.master_keys import MasterKeys

URL = "https://crm.example.com/hooks"
OPERATOR = Actor.operator()

CALLS: dict[str, Callable[[Actor, WebhookId, Ports], Awaitable[object]]] = {
    "add": lambda actor, _, ports: add_webhook(actor, URL, ports=ports),
    "list": lambda actor, _, ports: list_webhooks(actor, ports=ports),
    "show": lambda actor, webhook_id, ports: show_webhook(actor, webhook_id, ports=ports),
    "change": lambda actor, webhook_id, ports: change_webhook(actor, webhook_id, {"enabled": True}, ports=ports),
    "remove": lambda actor, webhook_id, ports: remove_webhook(actor, webhook_id, ports=ports),
    "rotate": lambda actor, webhook_id, ports: rotate_webhook_secret(actor, webhook_id, ports=ports),
    "deliveries": lambda actor, webhook_id, ports: list_webhook_deliveries(actor, webhook_id, ports=ports),
    "retry": lambda actor, webhook_id, ports: retry_webhook_delivery(actor, webhook_id, "d_1", ports=ports),
    "test": lambda actor, webhook_id, ports: send_test_event(actor, webhook_id, ports=ports),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


async def added(ports: Ports, types: object = None) -> WebhookWithSecret:
    return await add_webhook(OPERATOR, URL, types, ports=ports)


def id_of(made: WebhookWithSecret) -> WebhookId:
    return made.webhook.webhook.id


@every_call
async def test_only_an_admin_may(
    memory: MemoryPorts, identity: Identity, call: Callable[..., Awaitable[object]]
) -> None:
    made = await added(memory)
    with pytest.raises(ForbiddenError):
        await call(Actor.through(identity), id_of(made), memory)
    await change_user(OPERATOR, identity.user.id, {"role": "admin"}, ports=memory)
    await log_out(identity, ports=memory)
    with pytest.raises(InvalidTokenError):
        await call(Actor.through(identity), id_of(made), memory)
    assert await list_webhooks(OPERATOR, ports=memory) == [made.webhook]


@every_call
async def test_there_are_none_without_a_master_key_or_something_to_send_with(
    memory: MemoryPorts, call: Callable[..., Awaitable[object]]
) -> None:
    made = await added(memory)
    for off in (
        attrs.evolve(memory, master_keys=MasterKeys()),
        Ports(**attrs.asdict(memory, recurse=False) | {"webhooks": None}),
    ):
        with pytest.raises(NotFoundError, match="switched off"):
            await call(OPERATOR, id_of(made), off)


@pytest.mark.parametrize("webhook_id", ["", "wh_", "wh_none", "u_1", "\0", "\ud800", "py:tests.subscriber"])
@pytest.mark.parametrize("call", [CALLS[name] for name in CALLS.keys() - {"add", "list"}])
async def test_a_webhook_that_is_not_there_is_not_found(
    memory: MemoryPorts, webhook_id: str, call: Callable[..., Awaitable[object]]
) -> None:
    with pytest.raises(NotFoundError):
        await call(OPERATOR, WebhookId(webhook_id), memory)


async def test_a_webhook_wants_all_types_or_those_that_are_named(memory: MemoryPorts) -> None:
    nothing: list[str] = []
    for none in (None, nothing):
        assert (await added(memory, none)).webhook.subscription.types == frozenset()
    made = await added(memory, ["user.created", "user.created", "session.ended"])
    assert made.webhook.subscription.types == {EventType.USER_CREATED, EventType.SESSION_ENDED}
    assert (await added(memory, [each.value for each in HAPPENINGS])).webhook.subscription.types == set(HAPPENINGS)


@pytest.mark.parametrize(
    "types",
    [
        "user.created",
        "",
        5,
        True,
        {},
        {"user.created": 1},
        ["webhook.test"],
        ["user.*"],
        [""],
        [None],
        [["user.created"]],
    ],
)
async def test_anything_else_for_types_is_a_bad_field(memory: MemoryPorts, types: object) -> None:
    with pytest.raises(InvalidFieldsError) as refusal:
        await added(memory, types)
    assert [error.field for error in refusal.value.errors] == ["types"]
    made = await added(memory)
    with pytest.raises(InvalidFieldsError) as refusal:
        await change_webhook(OPERATOR, id_of(made), {"types": types}, ports=memory)
    assert [error.field for error in refusal.value.errors] == ["types"]


async def test_all_bad_fields_are_told_at_once(memory: MemoryPorts) -> None:
    with pytest.raises(InvalidFieldsError) as refusal:
        await add_webhook(OPERATOR, "http://crm.example.com/", ["x"], "x" * (MAX_DESCRIPTION_LENGTH + 1), ports=memory)
    assert [error.field for error in refusal.value.errors] == ["url", "types", "description"]
    with pytest.raises(MissingFieldsError):
        await add_webhook(OPERATOR, None, ports=memory)
    made = await added(memory)
    bad = {"url": "ftp://x", "types": 1, "description": "a\nb", "enabled": "yes", "secret": "whsec_x", "id": "wh_1"}
    with pytest.raises(InvalidFieldsError) as refusal:
        await change_webhook(OPERATOR, id_of(made), bad, ports=memory)
    assert {error.field for error in refusal.value.errors} == bad.keys()
    for field in ("url", "types", "description", "enabled"):
        with pytest.raises(MissingFieldsError):
            await change_webhook(OPERATOR, id_of(made), {field: None}, ports=memory)
    assert await show_webhook(OPERATOR, id_of(made), ports=memory) == made.webhook


async def test_http_is_taken_where_targets_may_be_private(memory: MemoryPorts) -> None:
    private = attrs.evolve(memory, policy=Policy(private_webhook_targets=True))
    made = await add_webhook(OPERATOR, "http://127.0.0.1:9000/in", ports=private)
    changed = await change_webhook(OPERATOR, id_of(made), {"url": "http://10.0.0.1/"}, ports=private)
    assert changed.webhook.url == "http://10.0.0.1/"
    with pytest.raises(InvalidFieldsError):
        await change_webhook(OPERATOR, id_of(made), {"url": "http://10.0.0.1/"}, ports=memory)


async def test_a_webhook_is_changed_in_what_is_given_and_nothing_else(memory: MemoryPorts) -> None:
    made = await add_webhook(OPERATOR, URL, ["user.created"], " CRM ", ports=memory)
    before = made.webhook
    assert (before.webhook.description, before.webhook.created_at) == ("CRM", memory.clock.now())
    assert await change_webhook(OPERATOR, id_of(made), {}, ports=memory) == before
    changes = {"url": f"{URL}/2", "types": [], "description": "", "enabled": False}
    after = await change_webhook(OPERATOR, id_of(made), changes, ports=memory)
    assert (after.webhook.url, after.webhook.description) == (f"{URL}/2", "")
    assert (after.subscription.types, after.subscription.enabled) == (frozenset(), False)
    assert after.webhook.secret_name == before.webhook.secret_name
    assert await show_webhook(OPERATOR, id_of(made), ports=memory) == after


async def test_there_are_at_most_twenty(memory: MemoryPorts) -> None:
    for _ in range(MAX_WEBHOOKS):
        made = await added(memory)
    with pytest.raises(TooManyWebhooksError):
        await added(memory)
    await remove_webhook(OPERATOR, id_of(made), ports=memory)
    await added(memory)
    assert len(await list_webhooks(OPERATOR, ports=memory)) == MAX_WEBHOOKS == 20


async def test_the_newest_is_listed_first(memory: MemoryPorts) -> None:
    first = await added(memory)
    memory.clock.advance(seconds=1)
    second = await added(memory)
    assert await list_webhooks(OPERATOR, ports=memory) == [second.webhook, first.webhook]


async def test_each_secret_is_another_one_and_nowhere_kept(memory: MemoryPorts, alice: SignedIn) -> None:
    first, second = await added(memory), await added(memory)
    rotated = await rotate_webhook_secret(OPERATOR, id_of(first), ports=memory)
    again = await rotate_webhook_secret(OPERATOR, id_of(first), ports=memory)
    secrets = [made.secret for made in (first, second, rotated, again)]
    assert len(set(secrets)) == len(secrets)
    for secret in secrets:
        prefix, _, content = secret.partition("_")
        assert (prefix, len(base64.b64decode(content, validate=True))) == ("whsec", 32)
        assert content not in repr(memory.unit_of_work.tables)
        assert content not in repr(first) + repr(rotated)


async def test_a_webhook_that_was_removed_leaves_nothing(memory: MemoryPorts) -> None:
    made = await added(memory)
    await send_test_event(OPERATOR, id_of(made), ports=memory)
    assert await remove_webhook(OPERATOR, id_of(made), ports=memory) == made.webhook
    tables = memory.unit_of_work.tables
    assert (tables.webhooks, tables.subscriptions, tables.event_deliveries) == ({}, {}, {})
