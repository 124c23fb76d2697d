"""The life of a webhook: what it is told, signed with what, and what happens when it does not take it."""

import json
from datetime import UTC, datetime

import attrs
import pytest
import standardwebhooks

from leadnator_auth.adapters.memory import MemoryPorts, ReceivedWebhook
from leadnator_auth.domain import (
    Actor,
    DeliveryState,
    Event,
    EventBacklog,
    EventType,
    NotFoundError,
    Ports,
    QueuedEvent,
    UnavailableError,
    UserId,
    WebhookId,
    WebhookWithSecret,
    add_webhook,
    change_user,
    change_webhook,
    deliver_due_events,
    event_backlog,
    list_webhook_deliveries,
    remove_webhook,
    retry_webhook_delivery,
    rotate_webhook_secret,
    send_test_event,
    show_webhook,
    sign_up,
)
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.use_cases.steps.post_webhook import body_of, post_webhook
from leadnator_auth.domain.values.ids import EventId
from leadnator_auth.domain.values.master_keys import MasterKeys

URL = "https://crm.example.com/hooks"
OPERATOR = Actor.operator()
NOW = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
SECONDS_OF_A_LONG_PAUSE = 60


@pytest.fixture
async def crm(memory: MemoryPorts) -> WebhookWithSecret:
    """A webhook for new accounts."""
    return await add_webhook(OPERATOR, URL, ["user.created"], ports=memory)


def id_of(made: WebhookWithSecret) -> WebhookId:
    return made.webhook.webhook.id


async def deliveries(memory: MemoryPorts, made: WebhookWithSecret) -> list[QueuedEvent]:
    page = await list_webhook_deliveries(OPERATOR, id_of(made), 100, ports=memory)
    return list(page.entries)


async def only_delivery(memory: MemoryPorts, made: WebhookWithSecret) -> QueuedEvent:
    (delivery,) = await deliveries(memory, made)
    return delivery


def signers(received: ReceivedWebhook, *made: WebhookWithSecret) -> list[bool]:
    """Returns for each of some secrets whether it signed a message, by the official library."""
    sent_at = datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), UTC)
    signatures = received.headers["webhook-signature"].split(" ")
    assert len(signatures) == len(set(signatures))
    return [
        standardwebhooks.Webhook(each.secret).sign(received.id, sent_at, received.body) in signatures for each in made
    ]


async def test_what_happens_is_told_and_verified_by_the_official_library(memory: MemoryPorts) -> None:
    memory.clock.instant = datetime.now(UTC)  # by which the library goes
    crm = await add_webhook(OPERATOR, URL, ["user.created"], ports=memory)
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    assert memory.webhooks.received == [], "nothing is sent in the request"
    await deliver_due_events(ports=memory)
    (received,) = memory.webhooks.received
    content = standardwebhooks.Webhook(crm.secret).verify(received.body, dict(received.headers))
    assert content == json.loads(received.body)
    event_id = content["data"].pop("event_id")
    assert content["data"] == {"user_id": alice.user.id, "actor": alice.user.id}
    assert (content["type"], received.url, received.id) == ("user.created", URL, event_id)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        other = await add_webhook(OPERATOR, URL, ports=memory)
        standardwebhooks.Webhook(other.secret).verify(received.body, dict(received.headers))
    delivery = await only_delivery(memory, crm)
    assert (delivery.state, delivery.attempts, delivery.payload.event.id) == (DeliveryState.SENT, 1, event_id)


def test_the_body_is_compact_and_its_own_members_are_never_those_of_the_data() -> None:
    data = {
        "session_id": "s_1",
        "note": "Größe ☕",
        "old": None,
        "user_id": "u_mallory",
        "event_id": "e_2",
        "actor": "",
    }
    event = Event(EventId("e_1"), EventType.SESSION_ENDED, NOW, UserId("u_1"), "operator", data)
    assert body_of(event) == (
        '{"type":"session.ended","timestamp":"2026-03-29T01:30:00.123456Z","data":{"event_id":"e_1","user_id":"u_1",'
        '"actor":"operator","session_id":"s_1","note":"Größe ☕","old":null}}'
    )


def test_any_text_in_an_event_is_json() -> None:
    text = "".join(map(chr, range(1, 0x110))) + "\u2028\u2029\ufeff\uffff😀\U0010ffff"
    event = Event(EventId("e_1"), EventType.USER_UPDATED, NOW, UserId("u_1"), text, {text: text, "none": None})
    content = json.loads(body_of(event))
    assert content["data"] == {"event_id": "e_1", "user_id": "u_1", "actor": text, text: text, "none": None}


async def test_only_what_it_wants_is_told_and_only_from_now_on(memory: MemoryPorts) -> None:
    await sign_up("Early", "early@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    crm = await add_webhook(OPERATOR, URL, ["user.created"], ports=memory)
    audit = await add_webhook(OPERATOR, f"{URL}/all", ports=memory)
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    told = [(each.url, each.type) for each in memory.webhooks.received]
    assert sorted(told) == [
        (URL, "user.created"),
        (f"{URL}/all", "session.started"),
        (f"{URL}/all", "user.created"),
    ]
    assert len(await deliveries(memory, crm)) == 1
    assert len(await deliveries(memory, audit)) == 2


async def test_a_failure_is_tried_again_within_thirty_seconds_until_it_succeeds(
    memory: MemoryPorts, crm: WebhookWithSecret
) -> None:
    memory.webhooks.status = 500
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    for attempts in (1, 2):
        delivery = await only_delivery(memory, crm)
        assert (delivery.state, delivery.attempts) == (DeliveryState.QUEUED, attempts)
        assert "500" in delivery.last_error
        assert 0 < (delivery.due_at - memory.clock.now()).total_seconds() <= 30
        memory.clock.advance(seconds=30)
        memory.webhooks.status = 500 if attempts == 1 else 204
        await deliver_due_events(ports=memory)
    assert (await only_delivery(memory, crm)).state is DeliveryState.SENT
    assert len({each.id for each in memory.webhooks.received}) == 1
    stamps = [int(each.headers["webhook-timestamp"]) for each in memory.webhooks.received]
    assert stamps == sorted(set(stamps)), "each attempt has its own time"
    assert all(signers(each, crm) == [True] for each in memory.webhooks.received)


@pytest.mark.parametrize("status", [199, 301, 302, 304, 307, 400, 401, 404, 429, 503])
async def test_nothing_but_a_2xx_is_success(memory: MemoryPorts, crm: WebhookWithSecret, status: int) -> None:
    memory.webhooks.status = status
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    assert (await only_delivery(memory, crm)).state is DeliveryState.QUEUED
    assert (await show_webhook(OPERATOR, id_of(crm), ports=memory)).subscription.enabled


async def test_after_three_days_it_is_given_up_and_an_admin_may_have_it_tried_again(
    memory: MemoryPorts, crm: WebhookWithSecret
) -> None:
    memory.webhooks.failure = UnavailableError("no answer within 15 seconds")
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for _ in range(4 * 24):
        await deliver_due_events(ports=memory)
        memory.clock.advance(hours=1)
    delivery = await only_delivery(memory, crm)
    assert (delivery.state, delivery.last_error) == (DeliveryState.DEAD, "no answer within 15 seconds")
    memory.webhooks.failure = None
    retried = await retry_webhook_delivery(OPERATOR, id_of(crm), delivery.id, ports=memory)
    assert (retried.id, retried.state, retried.due_at) == (delivery.id, DeliveryState.QUEUED, memory.clock.now())
    await deliver_due_events(ports=memory)
    assert (await only_delivery(memory, crm)).state is DeliveryState.SENT
    assert [each.id for each in memory.webhooks.received] == [delivery.payload.event.id]


async def test_what_was_sent_is_sent_once_more_if_an_admin_says_so(memory: MemoryPorts, crm: WebhookWithSecret) -> None:
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    delivery = await only_delivery(memory, crm)
    await retry_webhook_delivery(OPERATOR, id_of(crm), delivery.id, ports=memory)
    await deliver_due_events(ports=memory)
    assert [each.id for each in memory.webhooks.received] == [delivery.payload.event.id] * 2
    assert (await only_delivery(memory, crm)).state is DeliveryState.SENT


async def test_a_delivery_is_found_through_its_own_webhook_alone(memory: MemoryPorts, crm: WebhookWithSecret) -> None:
    other = await add_webhook(OPERATOR, URL, ports=memory)
    delivery = await send_test_event(OPERATOR, id_of(crm), ports=memory)
    others = await send_test_event(OPERATOR, id_of(other), ports=memory)
    for webhook, delivery_id in (
        (other, delivery.id),
        (crm, others.id),
        (crm, "d_none"),
        (crm, ""),
        (crm, "\0"),
        (crm, "\udcff"),
    ):
        with pytest.raises(NotFoundError):
            await retry_webhook_delivery(OPERATOR, id_of(webhook), delivery_id, ports=memory)
    assert [await deliveries(memory, each) for each in (crm, other)] == [[delivery], [others]]


async def test_410_disables_a_webhook_until_somebody_takes_it_up_again(
    memory: MemoryPorts, crm: WebhookWithSecret
) -> None:
    memory.webhooks.status = 410
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    assert not (await show_webhook(OPERATOR, id_of(crm), ports=memory)).subscription.enabled
    memory.webhooks.status = 200
    memory.clock.advance(seconds=SECONDS_OF_A_LONG_PAUSE)
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    assert len(memory.webhooks.received) == 1, "nothing more is sent"
    taken_up = await change_webhook(OPERATOR, id_of(crm), {"enabled": True}, ports=memory)
    assert (taken_up.subscription.failures, taken_up.subscription.paused_until) == (0, None)
    await deliver_due_events(ports=memory)
    assert len(memory.webhooks.received) == 3, "what waited, and what happened meanwhile"
    assert {each.state for each in await deliveries(memory, crm)} == {DeliveryState.SENT}


async def test_a_new_url_is_tried_at_once(memory: MemoryPorts, crm: WebhookWithSecret) -> None:
    memory.webhooks.status = 404
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for _ in range(12):
        await deliver_due_events(ports=memory)
        memory.clock.advance(seconds=SECONDS_OF_A_LONG_PAUSE)
    memory.webhooks.received.clear()
    memory.webhooks.status = 200
    await change_webhook(OPERATOR, id_of(crm), {"url": f"{URL}/2"}, ports=memory)
    await deliver_due_events(ports=memory)
    assert [each.url for each in memory.webhooks.received] == [f"{URL}/2"]


async def test_a_webhook_that_was_removed_is_told_of_nothing(memory: MemoryPorts, crm: WebhookWithSecret) -> None:
    memory.webhooks.status = 500
    await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    await remove_webhook(OPERATOR, id_of(crm), ports=memory)
    memory.webhooks.received.clear()
    memory.clock.advance(days=1)
    await sign_up("Bob", "bob@example.com", "secret", ports=memory)
    await deliver_due_events(ports=memory)
    assert memory.webhooks.received == []


async def test_after_a_rotation_two_secrets_sign_for_24_hours_and_one_afterwards(
    memory: MemoryPorts, crm: WebhookWithSecret
) -> None:
    new = await rotate_webhook_secret(OPERATOR, id_of(crm), ports=memory)

    async def signing(*made: WebhookWithSecret) -> list[bool]:
        memory.webhooks.received.clear()
        await send_test_event(OPERATOR, id_of(crm), ports=memory)
        await deliver_due_events(ports=memory)
        (received,) = memory.webhooks.received
        assert len(received.headers["webhook-signature"].split(" ")) == sum(signers(received, *made))
        return signers(received, *made)

    assert await signing(new, crm) == [True, True]
    memory.clock.advance(hours=23, minutes=59, seconds=59)
    assert await signing(new, crm) == [True, True]
    memory.clock.advance(seconds=1)
    assert await signing(new, crm) == [True, False]
    newer = await rotate_webhook_secret(OPERATOR, id_of(crm), ports=memory)
    newest = await rotate_webhook_secret(OPERATOR, id_of(crm), ports=memory)
    assert await signing(newest, newer, new, crm) == [True, True, False, False]


async def test_a_new_master_key_leaves_the_secrets_of_the_old_one_what_they_are(
    memory: MemoryPorts, crm: WebhookWithSecret
) -> None:
    old, new = "o" * 32, "n" * 32
    before = attrs.evolve(memory, master_keys=MasterKeys([old]))
    made = await add_webhook(OPERATOR, URL, ports=before)

    async def signing(keys: list[str], *made: WebhookWithSecret) -> list[bool]:
        ports = attrs.evolve(memory, master_keys=MasterKeys(keys))
        memory.webhooks.received.clear()
        await send_test_event(OPERATOR, id_of(made[0]), ports=ports)
        await deliver_due_events(ports=ports)
        (received,) = memory.webhooks.received
        return signers(received, *made)

    assert await signing([new, old], made) == [True]
    rotated = await rotate_webhook_secret(
        OPERATOR, id_of(made), ports=attrs.evolve(memory, master_keys=MasterKeys([new, old]))
    )
    assert await signing([new, old], rotated, made) == [True, True]
    assert await signing([new], rotated, made) == [True, False], "where the old key is gone, the new secret signs alone"


async def test_without_the_key_of_its_secret_nothing_is_sent_and_the_reason_is_told(
    memory: MemoryPorts, crm: WebhookWithSecret
) -> None:
    await send_test_event(OPERATOR, id_of(crm), ports=memory)
    await deliver_due_events(ports=attrs.evolve(memory, master_keys=MasterKeys(["n" * 32])))
    delivery = await only_delivery(memory, crm)
    assert (memory.webhooks.received, delivery.state) == ([], DeliveryState.QUEUED)
    assert "master key" in delivery.last_error
    memory.clock.advance(seconds=30)
    await deliver_due_events(ports=memory)
    assert (await only_delivery(memory, crm)).state is DeliveryState.SENT


async def test_a_test_goes_to_one_webhook_whatever_it_wants_and_is_no_event(
    memory: MemoryPorts, crm: WebhookWithSecret
) -> None:
    await add_webhook(OPERATOR, f"{URL}/other", ports=memory)
    delivery = await send_test_event(OPERATOR, id_of(crm), ports=memory)
    await deliver_due_events(ports=memory)
    (received,) = memory.webhooks.received
    assert (received.type, received.url, received.id) == ("webhook.test", URL, delivery.payload.event.id)
    assert memory.unit_of_work.tables.events == {}


async def test_deliveries_go_page_by_page_newest_first(memory: MemoryPorts, crm: WebhookWithSecret) -> None:
    sent = []
    for number in range(5):
        sent.append((await send_test_event(OPERATOR, id_of(crm), ports=memory)).id)
        memory.clock.advance(seconds=number % 2 + 1)
    seen: list[str] = []
    cursor = None
    while True:
        page = await list_webhook_deliveries(OPERATOR, id_of(crm), 2, cursor, ports=memory)
        seen += [delivery.id for delivery in page.entries]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == list(reversed(sent))


async def test_an_account_that_is_changed_is_told_of_in_order(memory: MemoryPorts) -> None:
    await add_webhook(OPERATOR, URL, ["user.updated"], ports=memory)
    alice = await sign_up("Alice", "alice@example.com", "secret", ports=memory)
    for number in range(5):
        await change_user(OPERATOR, alice.user.id, {"plan": f"Plan {number}"}, ports=memory)
    await deliver_due_events(ports=memory)
    assert [each.data["plan"] for each in memory.webhooks.received] == [f"Plan {number}" for number in range(5)]


async def test_what_cannot_be_sent_is_told_as_away_for_now(memory: MemoryPorts) -> None:
    event = Event(EventId("e_1"), EventType.USER_CREATED, NOW, UserId("u_1"), "u_1")
    gone = Subscription("wh_gone", since=NOW)
    with pytest.raises(UnavailableError, match="removed"):
        await post_webhook(event, gone, memory)
    with pytest.raises(UnavailableError, match="not installed"):
        await post_webhook(event, gone, Ports(**attrs.asdict(memory, recurse=False) | {"webhooks": None}))


async def test_how_much_waits_and_since_when_is_known(memory: MemoryPorts, crm: WebhookWithSecret) -> None:
    at = memory.clock.now()
    for _ in range(2):
        await send_test_event(OPERATOR, id_of(crm), ports=memory)
        memory.clock.advance(minutes=1)
    assert await event_backlog(ports=memory) == EventBacklog(2, 0, 0, at)
