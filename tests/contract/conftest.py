"""The port under test, over each store in turn."""

import pytest

from leadnator_auth.domain import Ports, User
from leadnator_auth.domain.ports import UnitOfWork
from tests.contract.worlds import a_user, some_credentials


@pytest.fixture
def unit_of_work(ports: Ports) -> UnitOfWork:
    """Units of work over an empty store."""
    return ports.unit_of_work


@pytest.fixture
async def alice(unit_of_work: UnitOfWork) -> User:
    """A user with credentials that were kept."""
    user = a_user("alice")
    async with unit_of_work() as transaction:
        await transaction.users.add(user)
        await transaction.credentials.add(some_credentials(user))
        await transaction.commit()
    return user
