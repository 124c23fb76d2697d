"""The file under the published contract suites: one class a port, and two for use cases that meet."""

from pathlib import Path

import pytest
from file_store import FileUnitOfWork

from leadnator_auth.adapters.snapshot_identities import SnapshotIdentities
from leadnator_auth.testing.contract import (
    AdministrationRacesContract,
    CredentialStoreContract,
    EventsContract,
    IdentitiesContract,
    MailQueueContract,
    OneTimeTokensContract,
    RacesContract,
    SessionsContract,
    UnitOfWorkContract,
    UsersContract,
)


@pytest.fixture
def unit_of_work(tmp_path: Path) -> FileUnitOfWork:
    """Over a file that is not there yet."""
    return FileUnitOfWork(tmp_path / "accounts.json")


class TestUsers(UsersContract):
    pass


class TestCredentialStore(CredentialStoreContract):
    pass


class TestSessions(SessionsContract):
    pass


class TestOneTimeTokens(OneTimeTokensContract):
    pass


class TestMailQueue(MailQueueContract):
    pass


class TestEvents(EventsContract):
    pass


class TestIdentities(IdentitiesContract):
    @pytest.fixture
    def identities(self, unit_of_work: FileUnitOfWork) -> SnapshotIdentities:
        return SnapshotIdentities(unit_of_work)

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> SnapshotIdentities:
        return SnapshotIdentities(FileUnitOfWork(tmp_path / "nowhere" / "accounts.json"))


class TestUnitOfWork(UnitOfWorkContract):
    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> FileUnitOfWork:
        return FileUnitOfWork(tmp_path / "nowhere" / "accounts.json")


class TestRaces(RacesContract):
    pass


class TestAdministrationRaces(AdministrationRacesContract):
    pass
