"""Access tokens of users all over the table."""

import asyncio
import random

from leadnator_auth.domain import Client, Ports, User, run_in_transaction
from leadnator_auth.domain.entities.proof import password_proof
from leadnator_auth.domain.ports import Transaction
from leadnator_auth.domain.use_cases.steps.open_session import Entry, admitted, open_session
from leadnator_auth.entrypoints.compose.ports import open_ports, prepare
from leadnator_auth.entrypoints.settings import Settings

SECRET = "a secret for measuring only and long enough"
PASSWORD = "minimum-6-chars"


def settings_for(url: str) -> dict[str, str]:
    """Returns the environment of a server over this database that is to be measured."""
    return {
        "LEADNATOR_DATABASE_URL": url,
        "LEADNATOR_JWT_SECRET": SECRET,
        "LEADNATOR_RATE_LIMIT": "off",
    }


def new_tokens(url: str, count: int) -> list[str]:
    """Opens as many sessions, as log-ins would without their hashes, and returns their tokens."""
    return asyncio.run(_new_tokens(url, count))


async def _new_tokens(url: str, count: int) -> list[str]:
    settings = Settings.read(settings_for(url))
    prepare(settings)
    async with open_ports(settings) as ports:
        users = await _some_users(ports, count)

        tokens: list[str] = []
        for user in users:

            async def enter(transaction: Transaction, user: User = user) -> Entry:
                return await open_session(user, password_proof(user.created_at), Client(), transaction, ports)

            tokens.append(admitted(await run_in_transaction(ports.unit_of_work, enter)).token)
    return tokens


async def _some_users(ports: Ports, count: int) -> list[User]:
    total = 1_000_000
    async with ports.unit_of_work.snapshot() as repositories:
        while total > 1 and await repositories.users.by_email(f"user-{total - 1}@example.com") is None:
            total //= 10
        numbers = [random.randrange(total) for _ in range(count)]
        found = [await repositories.users.by_email(f"user-{number}@example.com") for number in numbers]
    return [user for user in found if user is not None]
