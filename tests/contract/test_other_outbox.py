"""The published suite of outboxes over a table of deliveries that are no mails: both databases, one adapter."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest

from leadnator_auth.adapters.sql import SqlUnitOfWork
from leadnator_auth.adapters.sql.outbox import SqlOutbox, outbox_columns
from leadnator_auth.adapters.sql.table import Table, plain
from leadnator_auth.adapters.sql.unit_of_work import SqlRepositories
from leadnator_auth.domain import OutboxEntry
from leadnator_auth.domain.ports import Outbox, Repositories, UnitOfWork
from leadnator_auth.testing.contract import OutboxContract
from leadnator_auth.testing.contract.samples import NOW
from tests.conftest import connected
from tests.databases import backend_of, run_script

CREATE = """
CREATE TABLE calls (
    id TEXT PRIMARY KEY, target TEXT, body TEXT, queued_at BIGINT, due_at BIGINT, give_up_at BIGINT, attempts INTEGER,
    state TEXT, finished_at BIGINT, last_error TEXT
);
CREATE INDEX calls_new ON calls (due_at, id) WHERE state = 'queued' AND attempts = 0;
CREATE INDEX calls_waiting ON calls (due_at, id) WHERE state = 'queued';
"""


@attrs.frozen
class Call:
    """A call of somebody else's server."""

    target: str
    body: str

    @property
    def lane(self) -> str:
        return self.target


CALLS = Table(
    "calls", OutboxEntry[Call], outbox_columns(plain("target", "payload.target"), plain("body", "payload.body"))
)


class TestOtherOutbox(OutboxContract):
    """An outbox of calls."""

    def outbox_of(self, repositories: Repositories) -> Outbox[Any]:
        assert isinstance(repositories, SqlRepositories)
        return SqlOutbox(repositories.mail_queue.connection, CALLS, lane="target")

    def an_entry(self, number: int = 1, lane: str = "a.example") -> OutboxEntry[Any]:
        at = NOW + timedelta(microseconds=number)
        return OutboxEntry(f"c_{number:04}", Call(lane, '{"ö": 1}'), at, at, at + timedelta(days=3))

    @pytest.fixture
    async def unit_of_work(self, database_kind: str, empty_database: Callable[[str], str]) -> AsyncIterator[UnitOfWork]:
        url = empty_database(database_kind)
        run_script(url, CREATE)
        async with connected(backend_of(url)) as connections:
            yield SqlUnitOfWork(connections)
        run_script(url, "DROP TABLE calls;")
