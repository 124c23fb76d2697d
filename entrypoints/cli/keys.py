"""`leadnator-auth keys`: the keys that others verify tokens with."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from leadnator_auth.domain import (
    KeyChange,
    KeyState,
    Ports,
    SigningKey,
    SigningKeysError,
    list_signing_keys,
    retire_signing_key,
    rotate_signing_keys,
)
from leadnator_auth.entrypoints.cli.accounts import as_json_option, print_json, print_table, refusals_in_one_line
from leadnator_auth.entrypoints.cli.failing import failing_in_one_line
from leadnator_auth.entrypoints.cli.ports import ports_in_force
from leadnator_auth.entrypoints.views import rfc3339, signing_key_view

Result = TypeVar("Result")


@click.group()
def keys() -> None:
    """See and exchange the keys that tokens are signed with, where LEADNATOR_JWT_ALGORITHM is EdDSA or ES256."""


@keys.command("list")
@as_json_option
@failing_in_one_line
def list_(as_json: bool) -> None:
    """List the keys in the order in which they were published."""
    found = _done(lambda ports: list_signing_keys(ports=ports))
    if as_json:
        print_json({"keys": [signing_key_view(key) for key in found]})
    else:
        print_table([_row(key) for key in found])


@keys.command()
@as_json_option
@failing_in_one_line
def rotate(as_json: bool) -> None:
    """Have the next key sign from now on, if it was published for ten minutes, and publish another next one.

    The key that signed so far verifies until its last token has expired.
    """
    change = _done(lambda ports: rotate_signing_keys(ports=ports))
    if as_json:
        print_json({"keys": [signing_key_view(key) for key in change.keys]})
        return
    click.echo(f"{change.key.kid} signs from now on")
    for key in change.keys:
        if key.state is KeyState.RETIRED and key.retired_at == change.key.signs_since and key.verifies_until:
            click.echo(f"{key.kid} signs no more, and verifies until {rfc3339(key.verifies_until)}")
    _print_next(change)


@keys.command()
@click.argument("kid", metavar="KID")
@as_json_option
@failing_in_one_line
def retire(kid: str, as_json: bool) -> None:
    """End all tokens of the key KID at once; if it signs, the next key does from now on.

    For a key that somebody may have stolen. Whoever has such a token must log in again.
    """
    change = _done(lambda ports: retire_signing_key(kid, ports=ports), kid)
    if as_json:
        print_json({"keys": [signing_key_view(key) for key in change.keys]})
    else:
        click.echo(f"{kid}: its tokens are refused by every process within a second")
        _print_next(change)
    for key in change.keys:
        if key.state is KeyState.SIGNING and key.signs_since and key.signs_since < key.may_sign_from:
            click.echo(
                f"Warning: {key.kid} signs though it was published less than ten minutes before: services that keep "
                f"the keys for so long may refuse its tokens until {rfc3339(key.may_sign_from)}",
                err=True,
            )


def _done(act: Callable[[Ports], Awaitable[Result]], kid: str | None = None) -> Result:
    """Returns what a use case returns; `kid` is what it looks for."""

    async def doing() -> Result:
        async with ports_in_force(check_keys=False) as ports:
            return await act(ports)

    with refusals_in_one_line(kid, "signing key"):
        try:
            return asyncio.run(doing())
        except SigningKeysError as error:
            raise click.ClickException(str(error)) from error


def _print_next(change: KeyChange) -> None:
    for key in change.keys:
        if key.state is KeyState.NEXT:
            click.echo(f"{key.kid} is next, and can sign from {rfc3339(key.may_sign_from)} on")


def _row(key: SigningKey) -> dict[str, str]:
    return {name: value or "-" for name, value in signing_key_view(key).items()}
