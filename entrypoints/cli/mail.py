"""`leadnator-auth mail`: what waits, what went wrong, and another try."""

import json

import click

from leadnator_auth.domain import (
    DeliveryState,
    NotFoundError,
    OutboxStats,
    Ports,
    QueuedMail,
    list_mails,
    mail_stats,
    retry_mails,
)
from leadnator_auth.entrypoints.cli.failing import Commands
from leadnator_auth.entrypoints.cli.reporting import as_json_option, report
from leadnator_auth.entrypoints.cli.running import run
from leadnator_auth.entrypoints.views import rfc3339


@click.group(cls=Commands)
def mail() -> None:
    """See the mails that wait, were sent or were given up, and try again."""


@mail.command("list")
@click.option("--state", type=click.Choice([state.value for state in DeliveryState]), help="Only mails in this state.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000), help="At most so many.")
@as_json_option
def list_(state: str | None, limit: int, as_json: bool) -> None:
    """List the mails, newest first."""
    mails, stats = run(lambda ports: _listed(DeliveryState(state) if state else None, limit, ports))
    rows = [_row(queued) for queued in mails]
    summary = f"{stats.queued} queued ({stats.retrying} of them tried), {stats.sent} sent, {stats.dead} dead"
    if rows and not as_json:
        from tabulate import tabulate

        summary = f"{tabulate(rows, headers='keys')}\n{summary}"
    report({"mails": rows, "figures": _summary(stats)}, summary, as_json=as_json)


@mail.command()
@click.argument("mail_id", required=False)
@click.option("--all", "every", is_flag=True, help="All mails that were given up or wait for another try.")
@as_json_option
def retry(mail_id: str | None, every: bool, as_json: bool) -> None:
    """Make one mail, or all of them, due at once; the running server sends them within seconds."""
    if (mail_id is None) is not every:
        raise click.UsageError("Give the id of a mail, or --all.")
    count = run(lambda ports: _retried(mail_id, ports))
    click.echo(json.dumps({"retried": count}) if as_json else f"{count} to be sent again")


async def _listed(state: DeliveryState | None, limit: int, ports: Ports) -> tuple[list[QueuedMail], OutboxStats]:
    return await list_mails(state, limit, ports=ports), await mail_stats(ports=ports)


async def _retried(mail_id: str | None, ports: Ports) -> int:
    try:
        return await retry_mails(mail_id, ports=ports)
    except NotFoundError:
        raise click.ClickException(f"no mail {mail_id} is waiting or was given up") from None


def _row(queued: QueuedMail) -> dict[str, str | int]:
    return {
        "id": queued.id,
        "kind": queued.payload.kind.value,
        "recipient": queued.payload.recipient,
        "state": queued.state.value,
        "attempts": queued.attempts,
        "queued_at": rfc3339(queued.queued_at),
        "due_at": rfc3339(queued.due_at),
        "last_error": queued.last_error,
    }


def _summary(stats: OutboxStats) -> dict[str, int | str | None]:
    oldest = stats.oldest_queued_at
    return {
        "queued": stats.queued,
        "retrying": stats.retrying,
        "sent": stats.sent,
        "dead": stats.dead,
        "oldest_queued_at": rfc3339(oldest) if oldest else None,
    }
