"""`leadnator-auth users create|set|suspend|activate|delete`: change accounts, as the operator."""

import sys
from collections.abc import Mapping
from typing import Any

import click

from leadnator_auth.domain import (
    Role,
    Status,
    User,
    change_user,
    create_user,
    delete_user,
    parse_user_ref,
    recover_user,
)
from leadnator_auth.domain.values.fields import RawField
from leadnator_auth.entrypoints.cli.failing import Command
from leadnator_auth.entrypoints.cli.reporting import as_json_option, ask, report, who_argument
from leadnator_auth.entrypoints.cli.running import OPERATOR, run
from leadnator_auth.entrypoints.cli.standard_streams import printable
from leadnator_auth.entrypoints.http.reading.strict_json import parse_object
from leadnator_auth.entrypoints.views import account_view

_ROLES = click.Choice([role.value for role in Role])
_STATUSES = click.Choice([status.value for status in Status])


@click.command(cls=Command)
@click.option("--email", required=True, help="The e-mail address to log in with.")
@click.option("--name", required=True, help="What the user is called.")
@click.option("--admin", "is_admin", is_flag=True, help="Make an administrator.")
@click.option("--plan", help="The name of a plan.  [default: Starter]")
@click.option("--verified", "email_verified", is_flag=True, help="The address is theirs: nobody need be asked.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
@as_json_option
def create(password_stdin: bool, as_json: bool, **options: Any) -> None:
    """Create a user. The password is asked for twice, unless it comes from standard input."""
    password = _piped_password() if password_stdin else _typed_password()
    user = run(lambda ports: create_user(OPERATOR, password=password, **options, ports=ports))
    _report(user, f"created, {user.role.value}", as_json)


def _read_object(context: click.Context, option: click.Parameter, text: str | None) -> RawField:
    try:
        return None if text is None else parse_object(text.encode())
    except ValueError:
        raise click.BadParameter("it takes a JSON object, without a name twice.") from None


@click.command("set", cls=Command)
@who_argument
@click.option("--role", type=_ROLES, help="What the user may do.")
@click.option("--plan", help="The name of a plan.")
@click.option("--name", help="What the user is called.")
@click.option("--status", type=_STATUSES, help="Whether the account may be used.")
@click.option("--verified/--unverified", "email_verified", default=None, help="Whether the address is proved theirs.")
@click.option(
    "--app-metadata", callback=_read_object, metavar="JSON", help="What you keep with the account: an object."
)
@as_json_option
def set_(who: str, as_json: bool, **options: RawField) -> None:
    """Change a user, in force at once. WHO is an e-mail address or an id."""
    changes = {name: value for name, value in options.items() if value is not None}
    if not changes:
        raise click.UsageError(
            "Give at least one of --role, --plan, --name, --status, --verified, --unverified and --app-metadata."
        )
    _change(who, changes, as_json)


@click.command(cls=Command)
@who_argument
@as_json_option
def suspend(who: str, as_json: bool) -> None:
    """Keep a user out: every session ends at once. WHO is an e-mail address or an id."""
    _change(who, {"status": Status.SUSPENDED.value}, as_json)


@click.command(cls=Command)
@who_argument
@as_json_option
def activate(who: str, as_json: bool) -> None:
    """Let a suspended user log in again. WHO is an e-mail address or an id."""
    _change(who, {"status": Status.ACTIVE.value}, as_json)


@click.command(cls=Command)
@who_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def delete(who: str, yes: bool, as_json: bool) -> None:
    """Delete a user with everything that belongs to them. WHO is an e-mail address or an id."""
    ask(f"Delete {who} with everything that belongs to them?", yes=yes)
    user = run(lambda ports: delete_user(OPERATOR, parse_user_ref(who, ports=ports), ports=ports), who)
    _report(user, "deleted", as_json)


@click.command(cls=Command)
@who_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def recover(who: str, yes: bool, as_json: bool) -> None:
    """Let a user in again who lost their phone: removes second factors and mails a reset link.

    Every session ends, and every second factor, passkey and API key goes. Whoever reads the mails to
    the address gets in then, so make sure who is asking. WHO is an e-mail address or an id.
    """
    # Scripts that recover mean it.
    ask(f"End every session of {who} and remove all but the password?", yes=yes or not sys.stdin.isatty())
    user = run(lambda ports: recover_user(OPERATOR, parse_user_ref(who, ports=ports), ports=ports), who)
    suspended = "no link is mailed to a suspended account: activate it, and recover it again"
    mailed = suspended if user.is_suspended else "a reset link is on its way"
    _report(user, f"recovered, {mailed}", as_json)


def _change(who: str, changes: Mapping[str, RawField], as_json: bool) -> None:
    changed = run(lambda ports: change_user(OPERATOR, parse_user_ref(who, ports=ports), changes, ports=ports), who)
    told = [f"{each.field}: {printable(each.old)} -> {printable(each.new)}" for each in changed.changes]
    value = {"changes": {each.field: {"old": each.old, "new": each.new} for each in changed.changes}}
    _report(changed.user, ", ".join(told) or "nothing to change", as_json, **value)


def _report(user: User, happened: str, as_json: bool, **more: object) -> None:
    report({"user": account_view(user), **more}, f"{user.id} {user.email.typed}: {happened}", as_json=as_json)


def _typed_password() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("Say --password-stdin where nobody can be asked for the password.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _piped_password() -> str:
    """Returns all of standard input but the end of its last line."""
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise click.ClickException("the password on standard input is no UTF-8") from None
    return text.removesuffix("\n").removesuffix("\r")
