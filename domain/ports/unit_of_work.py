"""The ways to what is kept: units of work, and the one look-up that needs none."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import attrs

from leadnator_auth.domain.entities.event import Event
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.ports.repositories import (
    CredentialStore,
    Events,
    KnownClients,
    MailQueue,
    ResetTokens,
    Sessions,
    Users,
)
from leadnator_auth.domain.values.ids import SessionId

__all__ = [
    "Commit",
    "CredentialStore",
    "Events",
    "Identities",
    "KnownClients",
    "MailQueue",
    "Repositories",
    "ResetTokens",
    "Sessions",
    "Transaction",
    "UnitOfWork",
    "Users",
]


class Repositories(Protocol):
    """Everything that is stored, as seen from within one unit of work."""

    @property
    def users(self) -> Users: ...
    @property
    def credentials(self) -> CredentialStore: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def reset_tokens(self) -> ResetTokens: ...
    @property
    def known_clients(self) -> KnownClients: ...
    @property
    def mail_queue(self) -> MailQueue: ...
    @property
    def events(self) -> Events: ...


@attrs.frozen
class Commit:
    """What a unit of work stored, for listeners in the same process."""

    events: tuple[Event, ...]
    has_new_mail: bool


class Transaction(Repositories, Protocol):
    """A unit of work that may commit what was written through it."""

    async def commit(self) -> None:
        """Stores everything written so far, durably; without a commit, all of it is lost.

        A commit ends the unit of work: later writes are lost, or refused with RuntimeError.
        """


class UnitOfWork(Protocol):
    """Opens units of work; each has a state of its own.

    When a unit of work that may write looks up a user, credentials, session or reset token by a key, the row stays as
    it was read until that unit ends: another unit that would change it waits. To change what belongs to an account,
    look up its user first; then changes to one account take turns.

    Two units may still conflict. Then a step of one raises ConcurrencyError, nothing of that unit is kept, and it may
    be run again: `run_in_transaction` does so.
    """

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Opens a unit of work that may write; nothing is kept unless `commit` is called."""

    def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
        """Opens a consistent view for reading, which waits for no writer; nothing written through it is ever kept."""


class Identities(Protocol):
    """The one look-up of every authenticated request: whose session it is."""

    async def by_session(self, session_id: SessionId) -> Identity | None:
        """Returns the session and its user while both exist; the caller decides whether the session is over."""
