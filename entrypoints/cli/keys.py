"""`leadnator-auth keys`: the keys that others verify tokens with."""

from collections.abc import Sequence

import click

from leadnator_auth.domain import (
    KeyChange,
    KeyState,
    SigningKey,
    list_signing_keys,
    retire_signing_key,
    rotate_signing_keys,
)
from leadnator_auth.entrypoints.cli.failing import Commands
from leadnator_auth.entrypoints.cli.reporting import as_json_option, report
from leadnator_auth.entrypoints.cli.running import run
from leadnator_auth.entrypoints.views import rfc3339, signing_key_view


@click.group(cls=Commands)
def keys() -> None:
    """See and exchange the keys that tokens are signed with, where LEADNATOR_JWT_ALGORITHM is EdDSA or ES256."""


@keys.command("list")
@as_json_option
def list_(as_json: bool) -> None:
    """List the keys in the order in which they were published."""
    found = run(lambda ports: list_signing_keys(ports=ports), check_keys=False)
    report(_view(found), [_row(key) for key in found], as_json=as_json)


@keys.command()
@as_json_option
def rotate(as_json: bool) -> None:
    """Have the next key sign from now on, if it was published for ten minutes, and publish another next one.

    The key that signed so far verifies until its last token has expired.
    """
    change = run(lambda ports: rotate_signing_keys(ports=ports), check_keys=False)
    ended = [
        f"{key.kid} signs no more, and verifies until {rfc3339(key.verifies_until)}"
        for key in change.keys
        if key.state is KeyState.RETIRED and key.retired_at == change.key.signs_since and key.verifies_until
    ]
    _report(change, [f"{change.key.kid} signs from now on", *ended], as_json)


@keys.command(context_settings={"ignore_unknown_options": True})  # a KID may begin with a hyphen
@click.argument("kid", metavar="KID")
@as_json_option
def retire(kid: str, as_json: bool) -> None:
    """End all tokens of the key KID at once; if it signs, the next key does from now on.

    For a key that somebody may have stolen. Whoever has such a token must log in again.
    """
    change = run(lambda ports: retire_signing_key(kid, ports=ports), kid, "signing key", check_keys=False)
    _report(change, [f"{kid}: its tokens are refused by every process within a second"], as_json)
    for key in change.keys:
        if key.state is KeyState.SIGNING and key.signs_since and key.signs_since < key.may_sign_from:
            click.echo(
                f"Warning: {key.kid} signs though it was published less than ten minutes before: services that keep "
                f"the keys for so long may refuse its tokens until {rfc3339(key.may_sign_from)}",
                err=True,
            )


def _report(change: KeyChange, happened: Sequence[str], as_json: bool) -> None:
    lines = [
        f"{key.kid} is next, and can sign from {rfc3339(key.may_sign_from)} on"
        for key in change.keys
        if key.state is KeyState.NEXT
    ]
    report(_view(change.keys), "\n".join([*happened, *lines]), as_json=as_json)


def _view(keys: Sequence[SigningKey]) -> dict[str, object]:
    return {"keys": [signing_key_view(key) for key in keys]}


def _row(key: SigningKey) -> dict[str, str]:
    return {name: value or "-" for name, value in signing_key_view(key).items()}
