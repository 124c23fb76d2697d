"""The published suites of the store's ports, over memory, SQLite and PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.adapters.snapshot_identities import SnapshotIdentities
from leadnator_auth.adapters.sql import Connections, SqlIdentities, SqlRateLimits, SqlReadiness, SqlUnitOfWork
from leadnator_auth.domain import Ports
from leadnator_auth.domain.ports import Identities, RateLimits, Readiness, UnitOfWork
from leadnator_auth.testing.contract import (
    AdministrationRacesContract,
    ApiKeysContract,
    CredentialStoreContract,
    EmailChangesContract,
    EventDeliveriesContract,
    EventFeedContract,
    EventsContract,
    IdentitiesContract,
    KnownClientsContract,
    MailQueueContract,
    OneTimeTokensContract,
    PasskeysContract,
    RacesContract,
    RateLimitsContract,
    ReadinessContract,
    RecoveryCodesContract,
    RefreshFamiliesContract,
    RefreshRacesContract,
    SessionsContract,
    SigningKeysContract,
    SubscriptionsContract,
    TotpFactorsContract,
    UnitOfWorkContract,
    UsersContract,
    WebhooksContract,
)


class TestUsers(UsersContract):
    """Users of each store."""


class TestCredentialStore(CredentialStoreContract):
    """CredentialStore of each store."""


class TestSessions(SessionsContract):
    """Sessions of each store."""


class TestOneTimeTokens(OneTimeTokensContract):
    """OneTimeTokens of each store."""


class TestEmailChanges(EmailChangesContract):
    """EmailChanges of each store."""


class TestKnownClients(KnownClientsContract):
    """KnownClients of each store."""


class TestApiKeys(ApiKeysContract):
    """ApiKeys of each store."""


class TestPasskeys(PasskeysContract):
    """Passkeys of each store."""


class TestTotpFactors(TotpFactorsContract):
    """TotpFactors of each store."""


class TestRecoveryCodes(RecoveryCodesContract):
    """RecoveryCodes of each store."""


class TestSigningKeys(SigningKeysContract):
    """SigningKeys of each store."""


class TestRefreshFamilies(RefreshFamiliesContract):
    """RefreshFamilies of each store."""


class TestMailQueue(MailQueueContract):
    """MailQueue of each store."""


class TestEvents(EventsContract):
    """Events of each store."""


class TestWebhooks(WebhooksContract):
    """Webhooks of each store."""


class TestEventFeed(EventFeedContract):
    """Events of each store, as a feed."""


class TestSubscriptions(SubscriptionsContract):
    """Subscriptions of each store."""


class TestEventDeliveries(EventDeliveriesContract):
    """EventDeliveries of each store."""


class TestUnitOfWork(UnitOfWorkContract):
    """UnitOfWork of each store, with its own Identities and RateLimits in the world."""

    @pytest.fixture
    def world(self, ports: Ports) -> Ports:
        return ports

    @pytest.fixture
    def unreachable(self, connections_to_nowhere: Connections) -> UnitOfWork:
        return SqlUnitOfWork(connections_to_nowhere)


class TestIdentities(IdentitiesContract):
    """Identities of each store."""

    @pytest.fixture
    def identities(self, ports: Ports) -> Identities:
        return ports.identities

    @pytest.fixture
    def unreachable(self, connections_to_nowhere: Connections) -> Identities:
        return SqlIdentities(connections_to_nowhere)


class TestSnapshotIdentities(IdentitiesContract):
    """Identities for stores that have none of their own."""

    @pytest.fixture
    async def identities(self, unit_of_work: UnitOfWork) -> AsyncIterator[Identities]:
        identities = SnapshotIdentities(unit_of_work)
        yield identities
        await identities.drained()

    @pytest.fixture
    def unreachable(self, connections_to_nowhere: Connections) -> Identities:
        return SnapshotIdentities(SqlUnitOfWork(connections_to_nowhere))


class TestRateLimits(RateLimitsContract):
    """RateLimits of each store."""

    @pytest.fixture
    def rate_limits(self, ports: Ports) -> RateLimits:
        return ports.rate_limits

    @pytest.fixture
    def unreachable(self, connections_to_nowhere: Connections) -> RateLimits:
        return SqlRateLimits(connections_to_nowhere)


class TestReadiness(ReadinessContract):
    """Readiness of each store."""

    @pytest.fixture
    def readiness(self, ports: Ports) -> Readiness:
        return ports.readiness

    @pytest.fixture
    def unready(self, connections_to_nowhere: Connections) -> Readiness:
        return SqlReadiness(connections_to_nowhere)


class TestMemoryReadiness(ReadinessContract):
    """Readiness in memory, which a test makes unready."""

    @pytest.fixture
    def readiness(self, memory: MemoryPorts) -> Readiness:
        return memory.readiness

    @pytest.fixture
    def unready(self, memory: MemoryPorts) -> Readiness:
        memory.readiness.is_ready = False
        return memory.readiness


class TestRaces(RacesContract):
    """Use cases at once over each store."""

    @pytest.fixture
    def world(self, ports: Ports) -> Ports:
        return ports


class TestAdministrationRaces(AdministrationRacesContract):
    """Administrators at once over each store."""

    @pytest.fixture
    def world(self, ports: Ports) -> Ports:
        return ports


class TestRefreshRaces(RefreshRacesContract):
    """Refreshes, and what ends their sessions, at once over each store."""

    @pytest.fixture
    def world(self, ports: Ports) -> Ports:
        return ports
