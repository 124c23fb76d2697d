"""`leadnator-auth api-keys`: what programs send instead of the token of a log-in, as the operator."""

from collections.abc import Sequence
from datetime import timedelta

import click

from leadnator_auth.domain import (
    ApiKey,
    ApiKeyWithSecret,
    create_api_key_for,
    list_api_keys_of,
    parse_user_ref,
    revoke_any_api_key,
)
from leadnator_auth.domain.ports import Ports
from leadnator_auth.entrypoints.cli.failing import Commands
from leadnator_auth.entrypoints.cli.reporting import as_json_option, report, who_argument
from leadnator_auth.entrypoints.cli.running import run
from leadnator_auth.entrypoints.views import api_key_view, rfc3339

MOST_SECONDS = 100 * 365 * 24 * 3600


@click.group("api-keys", cls=Commands)
def api_keys() -> None:
    """Make, see and revoke API keys, which programs send instead of the token of a log-in."""


@api_keys.command()
@who_argument
@click.option("--name", required=True, help="What the key is called.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What it may do, as introspect; repeatable.")
@click.option("--expires-at", metavar="TIME", help="When it expires, as 2026-01-31T12:00:00Z.  [default: never]")
@click.option("--expires-in", type=click.IntRange(1, MOST_SECONDS), metavar="SECONDS", help="In how many seconds.")
@as_json_option
def create(
    who: str, name: str, scopes: Sequence[str], expires_at: str | None, expires_in: int | None, as_json: bool
) -> None:
    """Make a key of a user, who is told by mail. Prints the secret, this once. WHO is an e-mail address or an id."""
    if expires_at is not None and expires_in is not None:
        raise click.UsageError("Give --expires-at or --expires-in, not both.")

    async def made_for(ports: Ports) -> ApiKeyWithSecret:
        at = expires_at
        if expires_in is not None:
            at = rfc3339(ports.clock.now() + timedelta(seconds=expires_in + 1))  # in whole seconds, and not before
        return await create_api_key_for(parse_user_ref(who, ports=ports), name, list(scopes), at, ports=ports)

    made = run(made_for, who)
    value = {"api_key": api_key_view(made.key), "secret": made.secret}
    report(value, f"{made.key.id} {made.key.name}\n{made.secret}", as_json=as_json)


@api_keys.command("list")
@who_argument
@as_json_option
def list_(who: str, as_json: bool) -> None:
    """List the keys of a user, newest first; expired ones, too. WHO is an e-mail address or an id."""
    found = run(lambda ports: list_api_keys_of(parse_user_ref(who, ports=ports), ports=ports), who)
    report({"api_keys": [api_key_view(key) for key in found]}, [_row(key) for key in found], as_json=as_json)


@api_keys.command()
@click.argument("key_id", metavar="ID")
@as_json_option
def revoke(key_id: str, as_json: bool) -> None:
    """Revoke a key, at once in force."""
    revoked = run(lambda ports: revoke_any_api_key(key_id, ports=ports), key_id, "API key")
    report({"api_key": api_key_view(revoked)}, f"{revoked.id} {revoked.name}: revoked", as_json=as_json)


def _row(key: ApiKey) -> dict[str, str]:
    dates = {"expires_at": key.expires_at, "last_used_at": key.last_used_at}
    return {
        "id": key.id,
        "name": key.name,
        "scopes": " ".join(key.scopes),
        "created_at": rfc3339(key.created_at),
        **{name: rfc3339(instant) if instant else "never" for name, instant in dates.items()},
    }
