"""`leadnator-auth webhooks`: who is told of events over HTTP, and what became of telling them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import click

from leadnator_auth.domain import (
    Actor,
    Page,
    QueuedEvent,
    SubscribedWebhook,
    WebhookId,
    WebhookWithSecret,
    add_webhook,
    change_webhook,
    list_webhook_deliveries,
    list_webhooks,
    remove_webhook,
    retry_webhook_delivery,
    rotate_webhook_secret,
    send_test_event,
)
from leadnator_auth.domain.entities.event import HAPPENINGS
from leadnator_auth.domain.ports import Ports
from leadnator_auth.entrypoints.cli.accounts import as_json_option, ask, print_json, print_table, refusals_in_one_line
from leadnator_auth.entrypoints.cli.failing import failing_in_one_line
from leadnator_auth.entrypoints.cli.pages import first_entries
from leadnator_auth.entrypoints.cli.ports import ports_in_force
from leadnator_auth.entrypoints.views import delivery_view, webhook_view

_OPERATOR = Actor.operator()
_TYPES = click.Choice([event_type.value for event_type in HAPPENINGS])
Result = TypeVar("Result")

id_argument = click.argument("webhook_id", metavar="ID")
type_option = click.option(
    "--type",
    "types",
    multiple=True,
    type=_TYPES,
    metavar="TYPE",
    help="Only of this type, as user.created; repeatable.",
)


@click.group()
def webhooks() -> None:
    """Have events posted to other programs, signed as Standard Webhooks 1.0 says, and see what became of it."""


@webhooks.command("list")
@as_json_option
@failing_in_one_line
def list_(as_json: bool) -> None:
    """List the webhooks, newest first."""
    found = _done(lambda ports: list_webhooks(_OPERATOR, ports=ports))
    if as_json:
        print_json({"webhooks": [webhook_view(webhook) for webhook in found]})
    else:
        print_table([_row(webhook) for webhook in found])


@webhooks.command()
@click.argument("url")
@type_option
@click.option("--description", default="", help="A note for administrators.")
@as_json_option
@failing_in_one_line
def create(url: str, types: Sequence[str], description: str, as_json: bool) -> None:
    """Have events posted to URL from now on: all, or those of some types. Prints the secret, this once."""
    _print_secret(_done(lambda ports: add_webhook(_OPERATOR, url, list(types), description, ports=ports)), as_json)


@webhooks.command("set")
@id_argument
@click.option("--url", help="Where events are posted to.")
@type_option
@click.option("--all-types", is_flag=True, help="Events of all types.")
@click.option("--description", help="A note for administrators.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether anything is posted.")
@as_json_option
@failing_in_one_line
def set_(webhook_id: str, types: Sequence[str], all_types: bool, as_json: bool, **options: str | bool | None) -> None:
    """Change a webhook, or take one up again that answered 410 Gone."""
    changes: dict[str, object] = {name: value for name, value in options.items() if value is not None}
    if types or all_types:
        changes["types"] = [] if all_types else list(types)
    if not changes or (types and all_types):
        raise click.UsageError("Give at least one of --url, --type or --all-types, --description, --enable, --disable.")
    _print(
        _done(lambda ports: change_webhook(_OPERATOR, WebhookId(webhook_id), changes, ports=ports), webhook_id), as_json
    )


@webhooks.command()
@id_argument
@as_json_option
@failing_in_one_line
def rotate(webhook_id: str, as_json: bool) -> None:
    """Print a new secret, this once; for 24 hours, the one before signs beside it."""
    act = _done(lambda ports: rotate_webhook_secret(_OPERATOR, WebhookId(webhook_id), ports=ports), webhook_id)
    _print_secret(act, as_json)


@webhooks.command()
@id_argument
@as_json_option
@failing_in_one_line
def test(webhook_id: str, as_json: bool) -> None:
    """Have the running server post an event of the type webhook.test, whatever types the webhook wants."""
    queued = _done(lambda ports: send_test_event(_OPERATOR, WebhookId(webhook_id), ports=ports), webhook_id)
    _print_delivery(queued, as_json)


@webhooks.command()
@id_argument
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1), help="At most so many.")
@as_json_option
@failing_in_one_line
def deliveries(webhook_id: str, limit: int, as_json: bool) -> None:
    """List what is or was on its way to a webhook, newest first."""
    found = _done(lambda ports: _deliveries(WebhookId(webhook_id), limit, ports), webhook_id)
    rows = [delivery_view(delivery) for delivery in found]
    if as_json:
        print_json({"deliveries": rows})
    else:
        print_table([{name: "" if value is None else str(value) for name, value in row.items()} for row in rows])


@webhooks.command()
@id_argument
@click.argument("delivery_id", metavar="DELIVERY")
@as_json_option
@failing_in_one_line
def retry(webhook_id: str, delivery_id: str, as_json: bool) -> None:
    """Have the running server post DELIVERY once more: one that waits, was given up, or was sent already."""

    async def retried(ports: Ports) -> QueuedEvent:
        return await retry_webhook_delivery(_OPERATOR, WebhookId(webhook_id), delivery_id, ports=ports)

    _print_delivery(_done(retried, delivery_id, "delivery to this webhook"), as_json)


@webhooks.command()
@id_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@failing_in_one_line
def delete(webhook_id: str, yes: bool, as_json: bool) -> None:
    """Remove a webhook; what waits for it is never sent."""
    if not yes:
        ask(f"Remove {webhook_id} with all that waits for it?")
    removed = _done(lambda ports: remove_webhook(_OPERATOR, WebhookId(webhook_id), ports=ports), webhook_id)
    if as_json:
        print_json({"webhook": webhook_view(removed)})
    else:
        click.echo(f"{webhook_id} {removed.webhook.url}: removed")


def _done(act: Callable[[Ports], Awaitable[Result]], what: str | None = None, kind: str = "webhook") -> Result:
    """Returns what a use case returns; `what` is what it looks for, and of which kind."""

    async def doing() -> Result:
        async with ports_in_force() as ports:
            return await act(ports)

    with refusals_in_one_line(what, kind):
        return asyncio.run(doing())


async def _deliveries(webhook_id: WebhookId, limit: int, ports: Ports) -> list[QueuedEvent]:
    async def page(length: int, cursor: str | None) -> Page[QueuedEvent]:
        return await list_webhook_deliveries(_OPERATOR, webhook_id, length, cursor, ports=ports)

    return await first_entries(page, limit)


def _print(webhook: SubscribedWebhook, as_json: bool) -> None:
    if as_json:
        print_json({"webhook": webhook_view(webhook)})
    else:
        print_table([_row(webhook)])


def _print_secret(made: WebhookWithSecret, as_json: bool) -> None:
    if as_json:
        print_json({"webhook": webhook_view(made.webhook), "secret": made.secret})
    else:
        click.echo(f"{made.webhook.webhook.id} {made.webhook.webhook.url}\n{made.secret}")


def _print_delivery(delivery: QueuedEvent, as_json: bool) -> None:
    if as_json:
        print_json({"delivery": delivery_view(delivery)})
    else:
        click.echo(f"{delivery.id}: {delivery.payload.event.type.value} is to be sent")


def _row(webhook: SubscribedWebhook) -> dict[str, str]:
    view = webhook_view(webhook)
    types = ", ".join(each.value for each in HAPPENINGS if each in webhook.subscription.types) or "all"
    return {name: str(value) for name, value in view.items()} | {"types": types}
