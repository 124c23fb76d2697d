"""Units of work over SQL transactions."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import attrs

from leadnator_auth.adapters.sql.api_keys import SqlApiKeys
from leadnator_auth.adapters.sql.connections import Connections
from leadnator_auth.adapters.sql.credentials import SqlCredentialStore
from leadnator_auth.adapters.sql.email_changes import SqlEmailChanges
from leadnator_auth.adapters.sql.event_deliveries import SqlEventDeliveries
from leadnator_auth.adapters.sql.events import SqlEvents
from leadnator_auth.adapters.sql.known_clients import SqlKnownClients
from leadnator_auth.adapters.sql.mail_queue import SqlMailQueue
from leadnator_auth.adapters.sql.one_time_tokens import SqlOneTimeTokens
from leadnator_auth.adapters.sql.passkeys import SqlPasskeys
from leadnator_auth.adapters.sql.pooled_connection import PooledConnection
from leadnator_auth.adapters.sql.purging import purge
from leadnator_auth.adapters.sql.second_factors import SqlRecoveryCodes, SqlTotpFactors
from leadnator_auth.adapters.sql.sessions import SqlSessions
from leadnator_auth.adapters.sql.subscriptions import SqlSubscriptions
from leadnator_auth.adapters.sql.users import SqlUsers
from leadnator_auth.adapters.sql.webhooks import SqlWebhooks
from leadnator_auth.domain.ports import Commit, Expired, Repositories, Transaction


class SqlRepositories:
    """The repositories on one connection."""

    def __init__(self, connection: PooledConnection) -> None:
        self.users = SqlUsers(connection)
        self.credentials = SqlCredentialStore(connection)
        self.sessions = SqlSessions(connection)
        self.one_time_tokens = SqlOneTimeTokens(connection)
        self.email_changes = SqlEmailChanges(connection)
        self.known_clients = SqlKnownClients(connection)
        self.api_keys = SqlApiKeys(connection)
        self.passkeys = SqlPasskeys(connection)
        self.totp_factors = SqlTotpFactors(connection)
        self.recovery_codes = SqlRecoveryCodes(connection)
        self.mail_queue = SqlMailQueue(connection)
        self.events = SqlEvents(connection)
        self.subscriptions = SqlSubscriptions(connection)
        self.event_deliveries = SqlEventDeliveries(connection)
        self.webhooks = SqlWebhooks(connection)


class SqlTransaction(SqlRepositories):
    """The repositories in a transaction that can be committed."""

    def __init__(self, connection: PooledConnection, on_commit: Callable[[Commit], None]) -> None:
        super().__init__(connection)
        self._connection = connection
        self._on_commit = on_commit

    async def purge(self, what: Expired, before: datetime, limit: int) -> int:
        return await purge(what, before, limit, self._connection)

    async def commit(self) -> None:
        await self._connection.commit()
        self._on_commit(Commit(tuple(self.events.added), self.mail_queue.has_new, self.event_deliveries.has_new))


@attrs.frozen
class SqlUnitOfWork:
    """Opens units of work; `on_commit` is called after each commit, and must not fail."""

    connections: Connections
    on_commit: Callable[[Commit], None] = lambda commit: None

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Transaction]:
        async with self.connections.writing() as connection:
            yield SqlTransaction(connection, self.on_commit)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Repositories]:
        async with self.connections.reading() as connection:
            yield SqlRepositories(connection)
