"""`leadnator-auth users list|show|events`: see accounts, and what happened to them."""

import asyncio
import sys

import click

from leadnator_auth.domain import (
    Actor,
    EmailAddress,
    Event,
    Page,
    User,
    list_events,
    list_users,
    parse_user_ref,
    show_user,
)
from leadnator_auth.domain.entities.event import HAPPENINGS
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.text import is_storable
from leadnator_auth.entrypoints.cli.accounts import (
    as_json_option,
    cells_of,
    print_events,
    print_json,
    print_table,
    refusals_in_one_line,
    who_argument,
)
from leadnator_auth.entrypoints.cli.failing import failing_in_one_line
from leadnator_auth.entrypoints.cli.pages import first_entries
from leadnator_auth.entrypoints.cli.ports import ports_in_force
from leadnator_auth.entrypoints.cli.standard_streams import printable
from leadnator_auth.entrypoints.views import account_view, event_view, user_view

SHOWN_EVENTS = 10
ALL = sys.maxsize
_OPERATOR = Actor.operator()
_EVENT_TYPES = click.Choice([event_type.value for event_type in HAPPENINGS])


@click.command("list")
@click.option("--query", default="", help="Part of the name or e-mail address in any letter case, or the whole id.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.  [default: all]")
@as_json_option
@failing_in_one_line
def list_(query: str, limit: int | None, as_json: bool) -> None:
    """List the users, newest first."""
    with refusals_in_one_line():
        users = asyncio.run(_listed(query, limit or ALL))
    if as_json:
        print_json({"users": [account_view(user) for user in users]})
    else:
        print_table([cells_of(user_view(user)) for user in users])


@click.command()
@who_argument
@as_json_option
@failing_in_one_line
def show(who: str, as_json: bool) -> None:
    """Show a user, and what happened to the account last. WHO is an e-mail address or an id."""
    with refusals_in_one_line(who):
        user, events = asyncio.run(_shown(who))
    if as_json:
        print_json({"user": account_view(user), "events": [event_view(event) for event in events]})
        return
    metadata = {"user_metadata": user.user_metadata, "app_metadata": user.app_metadata}
    shown = {name: printable(value.text) for name, value in metadata.items() if value}
    for name, value in {**cells_of(user_view(user)), **shown}.items():
        click.echo(f"{name + ':':16}{value}")
    if events:
        click.echo()
        print_events(events)


@click.command()
@click.argument("who", required=False)
@click.option("--type", "event_type", type=_EVENT_TYPES, metavar="TYPE", help="Only of this type, as user.updated.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1), help="At most so many.")
@as_json_option
@failing_in_one_line
def events(who: str | None, event_type: str | None, limit: int, as_json: bool) -> None:
    """List what happened, newest first: to all users, or to one. WHO is an e-mail address or an id, even of one who is
    gone.
    """
    with refusals_in_one_line(who):
        happened = asyncio.run(_happened(who, event_type, limit))
    if as_json:
        print_json({"events": [event_view(event) for event in happened]})
    else:
        print_events(happened)


async def _listed(query: str, limit: int) -> list[User]:
    async with ports_in_force() as ports:

        async def page(length: int, cursor: str | None) -> Page[User]:
            return await list_users(_OPERATOR, query, length, cursor, ports=ports)

        return await first_entries(page, limit)


async def _shown(who: str) -> tuple[User, list[Event]]:
    async with ports_in_force() as ports:
        user = await show_user(_OPERATOR, parse_user_ref(who, ports=ports), ports=ports)
        return user, await _events(user.id, None, SHOWN_EVENTS, ports)


async def _happened(who: str | None, event_type: str | None, limit: int) -> list[Event]:
    async with ports_in_force() as ports:
        if who is None:
            return await _events(None, event_type, limit, ports)
        meant = parse_user_ref(who, ports=ports)
        if isinstance(meant, EmailAddress) or not is_storable(meant):  # nobody has such an id
            meant = (await show_user(_OPERATOR, meant, ports=ports)).id
        events = await _events(meant, event_type, limit, ports)
        if not (events or await _events(meant, None, 1, ports)):
            await show_user(_OPERATOR, meant, ports=ports)  # fails where there never was one
        return events


async def _events(user_id: str | None, event_type: str | None, limit: int, ports: Ports) -> list[Event]:
    async def page(length: int, cursor: str | None) -> Page[Event]:
        return await list_events(_OPERATOR, user_id, event_type, length, cursor, ports=ports)

    return await first_entries(page, limit)
