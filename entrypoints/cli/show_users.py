"""`leadnator-auth users list|show|events`: see accounts, and what happened to them."""

import sys
from collections.abc import Sequence

import click

from leadnator_auth.domain import (
    EmailAddress,
    Event,
    Page,
    Ports,
    User,
    list_events,
    list_users,
    parse_user_ref,
    show_user,
)
from leadnator_auth.domain.entities.event import HAPPENINGS
from leadnator_auth.domain.values.text import is_storable
from leadnator_auth.entrypoints.cli.failing import Command
from leadnator_auth.entrypoints.cli.reporting import as_json_option, cells_of, print_table, report, who_argument
from leadnator_auth.entrypoints.cli.running import OPERATOR, first_entries, run
from leadnator_auth.entrypoints.cli.standard_streams import printable
from leadnator_auth.entrypoints.views import account_view, event_view, user_view

SHOWN_EVENTS = 10
ALL = sys.maxsize
_EVENT_TYPES = click.Choice([event_type.value for event_type in HAPPENINGS])


@click.command("list", cls=Command)
@click.option("--query", default="", help="Part of the name or e-mail address in any letter case, or the whole id.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.  [default: all]")
@as_json_option
def list_(query: str, limit: int | None, as_json: bool) -> None:
    """List the users, newest first."""
    users = run(lambda ports: _listed(query, limit or ALL, ports))
    rows = [cells_of(user_view(user)) for user in users]
    report({"users": [account_view(user) for user in users]}, rows, as_json=as_json)


@click.command(cls=Command)
@who_argument
@as_json_option
def show(who: str, as_json: bool) -> None:
    """Show a user, and what happened to the account last. WHO is an e-mail address or an id."""
    user, events = run(lambda ports: _shown(who, ports), who)
    metadata = {"user_metadata": user.user_metadata, "app_metadata": user.app_metadata}
    texts = {name: printable(value.text) for name, value in metadata.items() if value}
    lines = [f"{name + ':':16}{value}" for name, value in {**cells_of(user_view(user)), **texts}.items()]
    value = {"user": account_view(user), "events": [event_view(event) for event in events]}
    report(value, "\n".join(lines), as_json=as_json)
    if events and not as_json:
        click.echo()
        print_table(_rows(events))


@click.command(cls=Command)
@click.argument("who", required=False)
@click.option("--type", "event_type", type=_EVENT_TYPES, metavar="TYPE", help="Only of this type, as user.updated.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1), help="At most so many.")
@as_json_option
def events(who: str | None, event_type: str | None, limit: int, as_json: bool) -> None:
    """List what happened, newest first: to all users, or to one. WHO is an e-mail address or an id, even of one who is
    gone.
    """
    happened = run(lambda ports: _happened(who, event_type, limit, ports), who)
    report({"events": [event_view(event) for event in happened]}, _rows(happened), as_json=as_json)


async def _listed(query: str, limit: int, ports: Ports) -> list[User]:
    async def page(length: int, cursor: str | None) -> Page[User]:
        return await list_users(OPERATOR, query, length, cursor, ports=ports)

    return await first_entries(page, limit)


async def _shown(who: str, ports: Ports) -> tuple[User, list[Event]]:
    user = await show_user(OPERATOR, parse_user_ref(who, ports=ports), ports=ports)
    return user, await _events(user.id, None, SHOWN_EVENTS, ports)


async def _happened(who: str | None, event_type: str | None, limit: int, ports: Ports) -> list[Event]:
    if who is None:
        return await _events(None, event_type, limit, ports)
    meant = parse_user_ref(who, ports=ports)
    if isinstance(meant, EmailAddress) or not is_storable(meant):  # nobody has such an id
        meant = (await show_user(OPERATOR, meant, ports=ports)).id
    events = await _events(meant, event_type, limit, ports)
    if not (events or await _events(meant, None, 1, ports)):
        await show_user(OPERATOR, meant, ports=ports)  # fails where there never was one
    return events


async def _events(user_id: str | None, event_type: str | None, limit: int, ports: Ports) -> list[Event]:
    async def page(length: int, cursor: str | None) -> Page[Event]:
        return await list_events(OPERATOR, user_id, event_type, length, cursor, ports=ports)

    return await first_entries(page, limit)


def _rows(events: Sequence[Event]) -> list[dict[str, str]]:
    """Returns events for people."""
    rows = []
    for event in events:
        texts = {name: value for name, value in event_view(event).items() if isinstance(value, str)}
        rows.append({**texts, "data": ", ".join(f"{name}: {value}" for name, value in event.data.items())})
    return rows
