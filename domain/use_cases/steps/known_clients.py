"""Remembering the clients from which an owner logged in."""

from leadnator_auth.domain.entities.known_client import MAX_KNOWN_CLIENTS, KnownClient
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Repositories, Transaction
from leadnator_auth.domain.values.ids import NOBODY


async def is_known(user: User | None, client: Client, repositories: Repositories, ports: Ports) -> bool:
    """Returns whether somebody logged in to the account from this client; a missing account costs the same look-up."""
    if not _counts(client, ports):
        return False
    known = await repositories.known_clients.get(user.id if user else NOBODY, client.network)
    return known is not None and user is not None and known.is_trusted(user, ports.clock.now())


async def remember(user: User, client: Client, transaction: Transaction, ports: Ports) -> None:
    """Remembers the client as one from which the owner logged in, with the present credential of the account."""
    if _counts(client, ports):
        await _was_known(user, client.network, "", transaction, ports)
    await is_new_agent(user, client, transaction, ports)


async def is_new_agent(user: User, client: Client, transaction: Transaction, ports: Ports) -> bool:
    """Remembers the agent at its network, where owners are told of new ones; returns whether this is one."""
    if not (ports.policy.new_sign_in_notice and client.network):
        return False
    return not await _was_known(user, client.network, client.agent, transaction, ports)


async def _was_known(user: User, network: str, agent: str, transaction: Transaction, ports: Ports) -> bool:
    """Remembers a network, or an agent there; returns whether it was trusted before."""
    now = ports.clock.now()
    known = await transaction.known_clients.get(user.id, network, agent)
    if known is None or not known.is_fresh(user, now):
        seen = KnownClient(user.id, network, now, user.secret_epoch, agent)
        await transaction.known_clients.put(seen, keep=MAX_KNOWN_CLIENTS)
    return known is not None and known.is_trusted(user, now)


def _counts(client: Client, ports: Ports) -> bool:
    return bool(client.network) and ports.policy.limits.log_in_account is not None
