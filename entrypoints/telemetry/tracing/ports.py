"""Ports with a span for each of their slow calls, within the span of the request that makes it.

Work outside requests, such as looking for due mails, makes no spans: nobody asked for it.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import attrs
from opentelemetry.trace import Tracer, get_current_span

from leadnator_auth.domain import ApiKeyId, Client, Identity, KeyIdentity, Password, SessionId
from leadnator_auth.domain.ports import Identities, PasswordHasher, Repositories, Transaction, UnitOfWork


@contextmanager
def _span(tracer: Tracer, name: str) -> Iterator[None]:
    if not get_current_span().get_span_context().is_valid:
        yield
        return
    span = tracer.start_span(name)
    try:
        yield
    except Exception as error:
        span.set_attribute("error.type", type(error).__qualname__)
        raise
    finally:
        span.end()


@attrs.frozen
class TracedHasher:
    """A hasher that makes a span for each hash."""

    hasher: PasswordHasher
    tracer: Tracer

    async def hash(self, password: Password, client: Client = Client()) -> str:
        with _span(self.tracer, "hash password"):
            return await self.hasher.hash(password, client)

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        with _span(self.tracer, "verify password"):
            return await self.hasher.verify(password, password_hash, client)

    async def upgrade(self, password: Password, password_hash: str, client: Client = Client()) -> str | None:
        with _span(self.tracer, "upgrade password hash"):
            return await self.hasher.upgrade(password, password_hash, client)

    def normalize(self, password_hash: str) -> str | None:
        return self.hasher.normalize(password_hash)

    def refusal(self, password_hash: str) -> str:
        return self.hasher.refusal(password_hash)


@attrs.frozen
class TracedUnitOfWork:
    """Units of work, each with a span."""

    unit_of_work: UnitOfWork
    tracer: Tracer

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Transaction]:
        with _span(self.tracer, "database transaction"):
            async with self.unit_of_work() as transaction:
                yield transaction

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Repositories]:
        with _span(self.tracer, "database snapshot"):
            async with self.unit_of_work.snapshot() as repositories:
                yield repositories


@attrs.frozen
class TracedIdentities:
    """Identities, each look-up with a span."""

    identities: Identities
    tracer: Tracer

    async def by_session(self, session_id: SessionId) -> Identity | None:
        with _span(self.tracer, "database identity"):
            return await self.identities.by_session(session_id)

    def note_use(self, session_id: SessionId, now: datetime) -> None:
        self.identities.note_use(session_id, now)

    async def by_api_key(self, digest: str) -> KeyIdentity | None:
        with _span(self.tracer, "database identity"):
            return await self.identities.by_api_key(digest)

    def note_key_use(self, key_id: ApiKeyId, now: datetime) -> None:
        self.identities.note_key_use(key_id, now)
