"""`leadnator-auth webhooks`: who is told of events over HTTP, and what became of telling them."""

from collections.abc import Sequence

import click

from leadnator_auth.domain import (
    Page,
    Ports,
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
from leadnator_auth.entrypoints.cli.failing import Commands
from leadnator_auth.entrypoints.cli.reporting import as_json_option, ask, cells_of, report
from leadnator_auth.entrypoints.cli.running import OPERATOR, first_entries, run
from leadnator_auth.entrypoints.views import delivery_view, webhook_view

_TYPES = click.Choice([event_type.value for event_type in HAPPENINGS])

id_argument = click.argument("webhook_id", metavar="ID")
type_option = click.option(
    "--type",
    "types",
    multiple=True,
    type=_TYPES,
    metavar="TYPE",
    help="Only of this type, as user.created; repeatable.",
)


@click.group(cls=Commands)
def webhooks() -> None:
    """Have events posted to other programs, signed as Standard Webhooks 1.0 says, and see what became of it."""


@webhooks.command("list")
@as_json_option
def list_(as_json: bool) -> None:
    """List the webhooks, newest first."""
    found = run(lambda ports: list_webhooks(OPERATOR, ports=ports))
    report({"webhooks": [webhook_view(each) for each in found]}, [_row(each) for each in found], as_json=as_json)


@webhooks.command()
@click.argument("url")
@type_option
@click.option("--description", default="", help="A note for administrators.")
@as_json_option
def create(url: str, types: Sequence[str], description: str, as_json: bool) -> None:
    """Have events posted to URL from now on: all, or those of some types. Prints the secret, this once."""
    _report_secret(run(lambda ports: add_webhook(OPERATOR, url, list(types), description, ports=ports)), as_json)


@webhooks.command("set")
@id_argument
@click.option("--url", help="Where events are posted to.")
@type_option
@click.option("--all-types", is_flag=True, help="Events of all types.")
@click.option("--description", help="A note for administrators.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether anything is posted.")
@as_json_option
def set_(
    webhook_id: WebhookId, types: Sequence[str], all_types: bool, as_json: bool, **options: str | bool | None
) -> None:
    """Change a webhook, or take one up again that answered 410 Gone."""
    changes: dict[str, object] = {name: value for name, value in options.items() if value is not None}
    if types or all_types:
        changes["types"] = [] if all_types else list(types)
    if not changes or (types and all_types):
        raise click.UsageError("Give at least one of --url, --type or --all-types, --description, --enable, --disable.")
    changed = run(lambda ports: change_webhook(OPERATOR, webhook_id, changes, ports=ports), webhook_id, "webhook")
    report({"webhook": webhook_view(changed)}, [_row(changed)], as_json=as_json)


@webhooks.command()
@id_argument
@as_json_option
def rotate(webhook_id: WebhookId, as_json: bool) -> None:
    """Print a new secret, this once; for 24 hours, the one before signs beside it."""
    made = run(lambda ports: rotate_webhook_secret(OPERATOR, webhook_id, ports=ports), webhook_id, "webhook")
    _report_secret(made, as_json)


@webhooks.command()
@id_argument
@as_json_option
def test(webhook_id: WebhookId, as_json: bool) -> None:
    """Have the running server post an event of the type webhook.test, whatever types the webhook wants."""
    queued = run(lambda ports: send_test_event(OPERATOR, webhook_id, ports=ports), webhook_id, "webhook")
    _report_delivery(queued, as_json)


@webhooks.command()
@id_argument
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1), help="At most so many.")
@as_json_option
def deliveries(webhook_id: WebhookId, limit: int, as_json: bool) -> None:
    """List what is or was on its way to a webhook, newest first."""
    found = run(lambda ports: _deliveries(webhook_id, limit, ports), webhook_id, "webhook")
    views = [delivery_view(delivery) for delivery in found]
    rows = [{name: "" if value is None else str(value) for name, value in view.items()} for view in views]
    report({"deliveries": views}, rows, as_json=as_json)


@webhooks.command()
@id_argument
@click.argument("delivery_id", metavar="DELIVERY")
@as_json_option
def retry(webhook_id: WebhookId, delivery_id: str, as_json: bool) -> None:
    """Have the running server post DELIVERY once more: one that waits, was given up, or was sent already."""
    queued = run(
        lambda ports: retry_webhook_delivery(OPERATOR, webhook_id, delivery_id, ports=ports),
        delivery_id,
        "delivery to this webhook",
    )
    _report_delivery(queued, as_json)


@webhooks.command()
@id_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def delete(webhook_id: WebhookId, yes: bool, as_json: bool) -> None:
    """Remove a webhook; what waits for it is never sent."""
    ask(f"Remove {webhook_id} with all that waits for it?", yes=yes)
    removed = run(lambda ports: remove_webhook(OPERATOR, webhook_id, ports=ports), webhook_id, "webhook")
    report({"webhook": webhook_view(removed)}, f"{webhook_id} {removed.webhook.url}: removed", as_json=as_json)


async def _deliveries(webhook_id: WebhookId, limit: int, ports: Ports) -> list[QueuedEvent]:
    async def page(length: int, cursor: str | None) -> Page[QueuedEvent]:
        return await list_webhook_deliveries(OPERATOR, webhook_id, length, cursor, ports=ports)

    return await first_entries(page, limit)


def _report_secret(made: WebhookWithSecret, as_json: bool) -> None:
    webhook = made.webhook.webhook
    value = {"webhook": webhook_view(made.webhook), "secret": made.secret}
    report(value, f"{webhook.id} {webhook.url}\n{made.secret}", as_json=as_json)


def _report_delivery(delivery: QueuedEvent, as_json: bool) -> None:
    told = f"{delivery.id}: {delivery.payload.event.type.value} is to be sent"
    report({"delivery": delivery_view(delivery)}, told, as_json=as_json)


def _row(webhook: SubscribedWebhook) -> dict[str, str]:
    view = webhook_view(webhook)
    types = ", ".join(each.value for each in HAPPENINGS if each in webhook.subscription.types) or "all"
    return cells_of({name: types if isinstance(value, list) else value for name, value in view.items()})
