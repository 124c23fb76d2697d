"""Units of work over the tables in memory: one writer at a time, and nothing kept without a commit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

import attrs

from leadnator_auth.adapters.memory.api_keys import MemoryApiKeys
from leadnator_auth.adapters.memory.email_changes import MemoryEmailChanges
from leadnator_auth.adapters.memory.event_deliveries import MemoryEventDeliveries
from leadnator_auth.adapters.memory.events import MemoryEvents
from leadnator_auth.adapters.memory.known_clients import MemoryKnownClients
from leadnator_auth.adapters.memory.mail_queue import MemoryMailQueue
from leadnator_auth.adapters.memory.one_time_tokens import MemoryOneTimeTokens
from leadnator_auth.adapters.memory.passkeys import MemoryPasskeys
from leadnator_auth.adapters.memory.purging import purge
from leadnator_auth.adapters.memory.refresh_families import MemoryRefreshFamilies
from leadnator_auth.adapters.memory.second_factors import MemoryRecoveryCodes, MemoryTotpFactors
from leadnator_auth.adapters.memory.sessions import MemorySessions
from leadnator_auth.adapters.memory.signing_keys import MemorySigningKeys
from leadnator_auth.adapters.memory.subscriptions import MemorySubscriptions
from leadnator_auth.adapters.memory.tables import MemoryCredentialStore, MemoryUsers, Tables
from leadnator_auth.adapters.memory.webhooks import MemoryWebhooks
from leadnator_auth.domain.entities.api_key import KeyIdentity
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.entities.user import without_metadata
from leadnator_auth.domain.ports import Commit, Expired, Repositories, Transaction
from leadnator_auth.domain.values.ids import ApiKeyId, SessionId


class MemoryRepositories:
    """The repositories over one copy of the tables."""

    def __init__(self, tables: Tables) -> None:
        self.users = MemoryUsers(tables)
        self.credentials = MemoryCredentialStore(tables)
        self.sessions = MemorySessions(tables)
        self.one_time_tokens = MemoryOneTimeTokens(tables)
        self.email_changes = MemoryEmailChanges(tables)
        self.known_clients = MemoryKnownClients(tables)
        self.api_keys = MemoryApiKeys(tables)
        self.passkeys = MemoryPasskeys(tables)
        self.totp_factors = MemoryTotpFactors(tables)
        self.recovery_codes = MemoryRecoveryCodes(tables)
        self.signing_keys = MemorySigningKeys(tables)
        self.refresh_families = MemoryRefreshFamilies(tables)
        self.mail_queue = MemoryMailQueue(tables)
        self.events = MemoryEvents(tables)
        self.subscriptions = MemorySubscriptions(tables)
        self.event_deliveries = MemoryEventDeliveries(tables)
        self.webhooks = MemoryWebhooks(tables)


class MemoryTransaction(MemoryRepositories):
    """Works on a copy of the tables; on commit, `keep` gets a copy to put in place of the original."""

    def __init__(self, tables: Tables, keep: Callable[[Tables], None]) -> None:
        super().__init__(tables)
        self._tables = tables
        self._keep = keep

    async def purge(self, what: Expired, before: datetime, limit: int) -> int:
        return purge(what, before, limit, self._tables)

    async def commit(self) -> None:
        await asyncio.sleep(0)
        self._keep(self._tables.copy())


def what_is_new(before: Tables, after: Tables) -> Commit:
    """Returns what a unit of work stored that turned the tables `before` into those `after`."""
    events = tuple(event for key, event in after.events.items() if key not in before.events)
    return Commit(
        events,
        has_new_mail=not after.mails.keys() <= before.mails.keys(),
        has_new_deliveries=not after.event_deliveries.keys() <= before.event_deliveries.keys(),
    )


@attrs.define
class MemoryUnitOfWork:
    """Keeps its tables from one unit of work to the next.

    It yields to other tasks where a database would, so that races show in a unit test as they do in production.
    `on_commit` is called after each commit, and must not fail.
    """

    tables: Tables = attrs.Factory(Tables)
    on_commit: Callable[[Commit], None] = lambda commit: None
    _writer: asyncio.Lock = attrs.Factory(asyncio.Lock)

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        return self._transaction()

    def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
        return self._snapshot()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._writer:
            await asyncio.sleep(0)
            yield MemoryTransaction(self.tables.copy(), self._keep)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Repositories]:
        await asyncio.sleep(0)
        yield MemoryRepositories(self.tables.copy())

    def _keep(self, tables: Tables) -> None:
        before, self.tables = self.tables, tables
        self.on_commit(what_is_new(before, tables))


@attrs.frozen
class MemoryIdentities:
    """Identities over what a MemoryUnitOfWork has stored."""

    unit_of_work: MemoryUnitOfWork

    async def by_session(self, session_id: SessionId) -> Identity | None:
        await asyncio.sleep(0)
        session = self.unit_of_work.tables.sessions.get(session_id)
        user = session and self.unit_of_work.tables.users.get(session.user_id)
        return Identity(without_metadata(user), session) if session and user else None

    def note_use(self, session_id: SessionId, now: datetime) -> None:
        sessions = self.unit_of_work.tables.sessions
        session = sessions.get(session_id)
        if session and session.used_at < now:
            sessions[session_id] = attrs.evolve(session, last_used_at=now)

    async def by_api_key(self, digest: str) -> KeyIdentity | None:
        await asyncio.sleep(0)
        tables = self.unit_of_work.tables
        key = next((each for each in tables.api_keys.values() if each.digest == digest), None)
        user = key and tables.users.get(key.user_id)
        return KeyIdentity(without_metadata(user), key) if key and user else None

    def note_key_use(self, key_id: ApiKeyId, now: datetime) -> None:
        keys = self.unit_of_work.tables.api_keys
        key = keys.get(key_id)
        if key and key.is_use_to_be_noted(now):
            keys[key_id] = attrs.evolve(key, last_used_at=now)
