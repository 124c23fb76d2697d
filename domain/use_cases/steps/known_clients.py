"""Knowing the clients that somebody got in from."""

from leadnator_auth.domain.entities.known_client import MAX_KNOWN_CLIENTS, KnownClient
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Repositories, Transaction
from leadnator_auth.domain.values.ids import NOBODY


async def is_known(user: User | None, client: Client, repositories: Repositories, ports: Ports) -> bool:
    """Returns whether somebody got in to the account from this client; that there is none costs the same look-up."""
    if not _counts(client, ports):
        return False
    known = await repositories.known_clients.get(user.id if user else NOBODY, client.network)
    return known is not None and user is not None and known.is_trusted(user, ports.clock.now())


async def remember(user: User, client: Client, transaction: Transaction, ports: Ports) -> None:
    """Keeps the client as one that its owner got in from, with the credential that the account has now."""
    if not _counts(client, ports):
        return
    now = ports.clock.now()
    known = await transaction.known_clients.get(user.id, client.network)
    if known is None or not known.is_fresh(user, now):
        seen = KnownClient(user.id, client.network, now, user.secret_epoch)
        await transaction.known_clients.put(seen, keep=MAX_KNOWN_CLIENTS)


def _counts(client: Client, ports: Ports) -> bool:
    return bool(client.network) and ports.policy.limits.log_in_account is not None
