"""Parts that all suites share: the first accounts, and failures that say what to mend."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
import pytest_asyncio

from leadnator_auth.domain.entities.api_key import ApiKey
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.entities.one_time_token import OneTimeToken
from leadnator_auth.domain.entities.passkey import Passkey
from leadnator_auth.domain.entities.session import Session
from leadnator_auth.domain.entities.signing_key import SigningKey
from leadnator_auth.domain.entities.subscription import Subscription
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.errors import AuthError
from leadnator_auth.domain.ports import Expired, Repositories, Transaction, UnitOfWork
from leadnator_auth.testing.contract.samples import a_user, some_credentials

Result = TypeVar("Result")


@pytest.mark.asyncio
class StoreContract:
    """The base of all suites of stores: it has Alice, and her credentials."""

    @pytest_asyncio.fixture
    async def alice(self, unit_of_work: UnitOfWork) -> User:
        """A user with credentials that were kept."""
        user = a_user("alice")
        await keep_users(unit_of_work, user)
        return user


KEPT_IN: Mapping[type, str] = {
    ApiKey: "api_keys",
    EmailChange: "email_changes",
    OneTimeToken: "one_time_tokens",
    Passkey: "passkeys",
    Session: "sessions",
    SigningKey: "signing_keys",
    Subscription: "subscriptions",
    TotpFactor: "totp_factors",
    Webhook: "webhooks",
}
"""The repository of each kind of entity that is added one by one."""


async def keep(unit_of_work: UnitOfWork, *entities: object) -> None:
    """Keeps entities, each in the repository of its kind."""
    async with unit_of_work() as transaction:
        for entity in entities:
            await getattr(transaction, KEPT_IN[type(entity)]).add(entity)
        await transaction.commit()


async def in_transaction(unit_of_work: UnitOfWork, act: Callable[[Transaction], Awaitable[Result]]) -> Result:
    """Returns what is done in a unit of work, once it is kept."""
    async with unit_of_work() as transaction:
        result = await act(transaction)
        await transaction.commit()
    return result


async def in_snapshot(unit_of_work: UnitOfWork, look: Callable[[Repositories], Awaitable[Result]]) -> Result:
    """Returns what a snapshot shows."""
    async with unit_of_work.snapshot() as repositories:
        return await look(repositories)


async def at_once(
    count: int, unit_of_work: UnitOfWork, act: Callable[[Transaction], Awaitable[Result]]
) -> list[Result]:
    """Returns what so many get who do the same at once, each in a unit of work that is kept."""
    return await asyncio.gather(*(in_transaction(unit_of_work, act) for _ in range(count)))


async def keep_users(unit_of_work: UnitOfWork, *users: User) -> None:
    """Keeps users, each with credentials."""
    async with unit_of_work() as transaction:
        for user in users:
            await transaction.users.add([user])
            await transaction.credentials.add([some_credentials(user)])
        await transaction.commit()


@contextmanager
def must_raise(expected: type[Exception], message: str) -> Iterator[None]:
    """Fails with the message when the block raises nothing, or an error that is not the port's."""
    try:
        yield
    except expected:
        return
    except Exception as error:
        raise AssertionError(f"{message}: raise {expected.__name__}, not {error!r}") from error
    pytest.fail(f"{message}: raise {expected.__name__}, do not go on as if nothing had happened")


async def assert_five_purged(transaction: Transaction, what: Expired, over_at: datetime, later: datetime) -> None:
    """Fails unless `purge` removes the five that were over at an instant: a few at a time, and not at this instant."""
    purge = transaction.purge
    assert await purge(what, over_at, 10) == 0, "what was over at this instant was not over before it"
    assert await purge(what, later, 2) == 2, "`purge` removes no more than `limit`, and says how many"
    assert await purge(what, later, 10) == 3, "`purge` removes all that was over before the instant"


def assert_utc(*instants: datetime | None) -> None:
    """Fails unless these are aware datetimes in UTC."""
    for instant in instants:
        assert instant is not None, "this instant was kept and must come back"
        assert instant.utcoffset() == timedelta(0), (
            "instants come back as aware datetimes in UTC: keep the time zone, or convert to UTC and add it again"
        )


async def outcomes(*tries: Awaitable[object]) -> Counter[str]:
    """Counts the outcomes of tries that were made at once: "done", or the code of the refusal."""
    results = await asyncio.gather(*tries, return_exceptions=True)
    unexpected = [each for each in results if isinstance(each, BaseException) and not isinstance(each, AuthError)]
    assert unexpected == [], "the errors of a store's library are translated into those of the port"
    return Counter(each.code if isinstance(each, AuthError) else "done" for each in results)
