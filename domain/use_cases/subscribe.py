"""Keeping the subscriptions of the functions that this process has."""

from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.subscribe import subscribe
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction


async def subscribe_functions(*, ports: Ports) -> None:
    """Subscribes each of `ports.subscribers` that has not subscribed, to what happens from now on.

    One that was there before goes on where it was: what happened meanwhile waits for it.
    """
    async with ports.unit_of_work.snapshot() as repositories:
        known = {each.id for each in await repositories.subscriptions.all()}
    missing = ports.subscribers.keys() - known
    if not missing:
        return

    async def keep(transaction: Transaction) -> None:
        for subscription_id in sorted(missing):
            await subscribe(subscription_id, transaction, ports)

    await run_in_transaction(ports.unit_of_work, keep)
