"""Administering webhooks: where events are posted to, which of them, and the secret that signs them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs

from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.entities.event import EventType
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.webhook import MAX_WEBHOOKS, Webhook, parse_description, parse_event_types
from leadnator_auth.domain.entities.webhook_message import shown_secret
from leadnator_auth.domain.errors import TooManyWebhooksError
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.authorize import check_right, lock_active_admins
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.steps.webhook_access import SubscribedWebhook, check_webhooks_on, get_webhook
from leadnator_auth.domain.values.fields import FieldChecks, RawField, flag_of, text_of
from leadnator_auth.domain.values.ids import WEBHOOK_ID_PREFIX, WebhookId
from leadnator_auth.domain.values.webhook_url import parse_webhook_url

Parsed = TypeVar("Parsed")


@attrs.frozen
class WebhookWithSecret:
    """A webhook and the secret that it has from now on, which is never told again."""

    webhook: SubscribedWebhook
    secret: str = attrs.field(repr=False)


async def add_webhook(
    actor: Actor, url: RawField, types: RawField = None, description: RawField = None, *, ports: Ports
) -> WebhookWithSecret:
    """Returns a new webhook with its secret; it is told of what happens from now on.

    `types` is a list of types of events; none stands for all. Webhooks need a master key and something to send with.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError when webhooks are off, MissingFieldsError,
    InvalidFieldsError, TooManyWebhooksError.
    """
    check_webhooks_on(ports)

    async def add(transaction: Transaction) -> SubscribedWebhook:
        await lock_active_admins(actor, transaction)
        with FieldChecks() as check:
            valid_url = check.of_any_type("url", url, lambda value: _parse_url(value, ports))
            valid_types = check.of_any_type("types", [] if types is None else types, parse_event_types)
            note = check.optional("description", description, parse_description, default="")
        if len(await transaction.webhooks.all()) >= MAX_WEBHOOKS:
            raise TooManyWebhooksError
        position = await transaction.events.last_position()
        now, webhook_id = ports.clock.now(), WebhookId(new_id(WEBHOOK_ID_PREFIX, ports))
        webhook = Webhook(webhook_id, valid_url, note, now, ports.master_keys.newest_id)
        subscription = Subscription(webhook_id, since=now, position=position, types=valid_types)
        await transaction.webhooks.add(webhook)
        await transaction.subscriptions.add(subscription)
        return SubscribedWebhook(webhook, subscription)

    return _with_secret(await run_in_transaction(ports.unit_of_work, add), ports)


async def list_webhooks(actor: Actor, *, ports: Ports) -> list[SubscribedWebhook]:
    """Returns all webhooks, newest first.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError when webhooks are off.
    """
    check_webhooks_on(ports)
    async with ports.unit_of_work.snapshot() as repositories:
        await check_right(actor, repositories)
        return [await get_webhook(webhook.id, repositories) for webhook in await repositories.webhooks.all()]


async def show_webhook(actor: Actor, webhook_id: WebhookId, *, ports: Ports) -> SubscribedWebhook:
    """Returns a webhook.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError.
    """
    check_webhooks_on(ports)
    async with ports.unit_of_work.snapshot() as repositories:
        await check_right(actor, repositories)
        return await get_webhook(webhook_id, repositories)


async def change_webhook(
    actor: Actor, webhook_id: WebhookId, changes: Mapping[str, RawField], *, ports: Ports
) -> SubscribedWebhook:
    """Sets those of url, types, description and enabled that `changes` has; nothing else may be in it.

    While it is disabled, a webhook is told of nothing. Enabled again it is told of all that happened meanwhile, as far
    as that is not older than three days. What failed is tried at once after a change.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError, MissingFieldsError, InvalidFieldsError.
    """
    check_webhooks_on(ports)

    async def change(transaction: Transaction) -> SubscribedWebhook:
        await lock_active_admins(actor, transaction)
        patch = _Patch.checked(changes, ports)
        before = await get_webhook(webhook_id, transaction)
        after = patch.applied_to(before)
        if after == before:
            return before
        await transaction.webhooks.save(after.webhook)
        await transaction.subscriptions.save(after.subscription)
        if after.subscription.enabled:
            await transaction.event_deliveries.hasten(webhook_id, ports.clock.now())
        return after

    return await run_in_transaction(ports.unit_of_work, change)


async def remove_webhook(actor: Actor, webhook_id: WebhookId, *, ports: Ports) -> SubscribedWebhook:
    """Removes a webhook, at once in force; returns what it was. What waits for it is never sent.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError.
    """
    check_webhooks_on(ports)

    async def remove(transaction: Transaction) -> SubscribedWebhook:
        await lock_active_admins(actor, transaction)
        webhook = await get_webhook(webhook_id, transaction)
        await transaction.webhooks.remove(webhook_id)
        await transaction.subscriptions.remove(webhook_id)
        return webhook

    return await run_in_transaction(ports.unit_of_work, remove)


async def rotate_webhook_secret(actor: Actor, webhook_id: WebhookId, *, ports: Ports) -> WebhookWithSecret:
    """Returns a webhook with a new secret, beside which the one before signs for 24 hours, and no other.

    Raises: ForbiddenError, InvalidTokenError, NotFoundError.
    """
    check_webhooks_on(ports)

    async def rotate(transaction: Transaction) -> SubscribedWebhook:
        await lock_active_admins(actor, transaction)
        before = await get_webhook(webhook_id, transaction)
        webhook = before.webhook.rotated(ports.master_keys.newest_id, ports.clock.now())
        await transaction.webhooks.save(webhook)
        return attrs.evolve(before, webhook=webhook)

    return _with_secret(await run_in_transaction(ports.unit_of_work, rotate), ports)


@attrs.frozen
class _Patch:
    """The new values of fields; None for those that stay."""

    url: str | None
    types: frozenset[EventType] | None
    description: str | None
    enabled: bool | None

    @classmethod
    def checked(cls, changes: Mapping[str, RawField], ports: Ports) -> "_Patch":
        """Raises: MissingFieldsError, also for a null, which differs from an absent field; InvalidFieldsError."""
        with FieldChecks() as check:
            check.only(changes, [field.name for field in attrs.fields(cls)])

            def given(field: str, parse: Callable[[RawField], Parsed]) -> Parsed | None:
                return check.of_any_type(field, changes[field], parse) if field in changes else None

            return cls(
                given("url", lambda value: _parse_url(value, ports)),
                given("types", parse_event_types),
                given("description", _parse_note),
                given("enabled", flag_of),
            )

    def applied_to(self, before: SubscribedWebhook) -> SubscribedWebhook:
        webhook, subscription = before.webhook, before.subscription
        webhook = attrs.evolve(
            webhook,
            url=webhook.url if self.url is None else self.url,
            description=webhook.description if self.description is None else self.description,
        )
        subscription = attrs.evolve(
            subscription,
            types=subscription.types if self.types is None else self.types,
            enabled=subscription.enabled if self.enabled is None else self.enabled,
        )
        # What failed says nothing of another target, nor of one that somebody looked after and takes up again.
        is_fresh = self.enabled or webhook.url != before.webhook.url
        return SubscribedWebhook(webhook, subscription.well() if is_fresh else subscription)


def _parse_url(value: RawField, ports: Ports) -> str:
    return parse_webhook_url(text_of(value), allow_http=ports.policy.private_webhook_targets)


def _parse_note(value: RawField) -> str:
    return "" if value == "" else parse_description(text_of(value))


def _with_secret(webhook: SubscribedWebhook, ports: Ports) -> WebhookWithSecret:
    name = webhook.webhook.secret_name
    return WebhookWithSecret(webhook, shown_secret(ports.master_keys.derive(name.label, name.key_id)))
