"""Parts that all suites share: the first accounts, and failures that say what to mend."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import AuthError
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.samples import a_user, some_credentials


@pytest.mark.asyncio
class StoreContract:
    """The base of all suites of stores: it has Alice, and her credentials."""

    @pytest_asyncio.fixture
    async def alice(self, unit_of_work: UnitOfWork) -> User:
        """A user with credentials that were kept."""
        user = a_user("alice")
        await keep_users(unit_of_work, user)
        return user


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
