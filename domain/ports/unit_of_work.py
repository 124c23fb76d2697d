"""The ways to what is kept: units of work, and the one look-up that needs none."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

import attrs

from leadnator_auth.domain.entities.api_key import KeyIdentity
from leadnator_auth.domain.entities.event import Event
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.ports.accounts import CredentialStore, KnownClients, OneTimeTokens, Sessions, Users
from leadnator_auth.domain.ports.api_keys import ApiKeys
from leadnator_auth.domain.ports.email_changes import EmailChanges
from leadnator_auth.domain.ports.events import EventDeliveries, Events, Subscriptions
from leadnator_auth.domain.ports.outbox import MailQueue, Outbox
from leadnator_auth.domain.ports.passkeys import Passkeys
from leadnator_auth.domain.ports.second_factors import RecoveryCodes, TotpFactors
from leadnator_auth.domain.ports.webhooks import Webhooks
from leadnator_auth.domain.values.ids import ApiKeyId, SessionId

__all__ = [
    "ApiKeys",
    "Commit",
    "CredentialStore",
    "EmailChanges",
    "EventDeliveries",
    "Events",
    "Expired",
    "Identities",
    "KnownClients",
    "MailQueue",
    "OneTimeTokens",
    "Outbox",
    "Passkeys",
    "RecoveryCodes",
    "Repositories",
    "Sessions",
    "Subscriptions",
    "TotpFactors",
    "Transaction",
    "UnitOfWork",
    "Users",
    "Webhooks",
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
    def one_time_tokens(self) -> OneTimeTokens: ...
    @property
    def email_changes(self) -> EmailChanges: ...
    @property
    def known_clients(self) -> KnownClients: ...
    @property
    def api_keys(self) -> ApiKeys: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def totp_factors(self) -> TotpFactors: ...
    @property
    def recovery_codes(self) -> RecoveryCodes: ...
    @property
    def mail_queue(self) -> MailQueue: ...
    @property
    def events(self) -> Events: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def subscriptions(self) -> Subscriptions: ...
    @property
    def event_deliveries(self) -> EventDeliveries: ...


@attrs.frozen
class Commit:
    """What a unit of work stored, for listeners in the same process."""

    events: tuple[Event, ...]
    has_new_mail: bool
    has_new_deliveries: bool = False
    """Whether events were queued for subscriptions."""


class Expired(Enum):
    """What is over at some time and may go then."""

    SESSIONS = auto()
    """Those that expired."""
    IDLE_SESSIONS = auto()
    """Those whose use was noted last."""
    ONE_TIME_TOKENS = auto()
    """Those that expired, used or not."""
    EMAIL_CHANGES = auto()
    """Those that can no longer be undone."""
    KNOWN_CLIENTS = auto()
    """Those that were seen last."""
    SENT_MAILS = auto()
    """Those that were sent."""
    DEAD_MAILS = auto()
    """Those that were given up."""
    SENT_EVENTS = auto()
    """Deliveries of events that were made."""
    DEAD_EVENTS = auto()
    """Deliveries of events that were given up."""
    OF_REMOVED_SUBSCRIPTIONS = auto()
    """The deliveries that removed subscriptions left, whenever that was."""
    EVENTS = auto()
    """Those that happened."""
    OF_REMOVED_USERS = auto()
    """What removed accounts left, whenever that was."""


class Transaction(Repositories, Protocol):
    """A unit of work that may commit what was written through it."""

    async def purge(self, what: Expired, before: datetime, limit: int) -> int:
        """Removes up to `limit` rows of one sort that were over before (not at) this instant; returns how many.

        It returns 0 only when nothing is left.
        """

    async def commit(self) -> None:
        """Stores everything written so far, durably; without a commit, all of it is lost.

        A commit ends the unit of work: later writes are lost, or refused with RuntimeError.
        """


class UnitOfWork(Protocol):
    """Opens units of work; each has a state of its own.

    A user, credentials, session, one-time token or subscription that a unit of work which may write has looked up by a
    key stays as it was read until that unit ends: another one that would change it waits. To change what belongs to an
    account, look its user up first; then the changes of one account take turns.

    Two units may still conflict. Then a step of one raises ConcurrencyError, nothing of that unit is kept, and it may
    be run again: `run_in_transaction` does so.
    """

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Opens a unit of work that may write; nothing is kept unless `commit` is called."""

    def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
        """Opens a consistent view for reading, which waits for no writer; nothing written through it is ever kept."""


class Identities(Protocol):
    """The one look-up of every authenticated request: whose session, or whose API key, it is."""

    async def by_session(self, session_id: SessionId) -> Identity | None:
        """Returns the session and its user while both exist; the caller decides whether the session is over.

        The user is `without_metadata`: that need not be read.
        """

    def note_use(self, session_id: SessionId, now: datetime) -> None:
        """Has `Sessions.note_uses` keep this use, soon and beside all else; that it fails is seen by nobody."""

    async def by_api_key(self, digest: str) -> KeyIdentity | None:
        """Returns the API key with this digest and its user while both exist; expired ones too.

        The user is `without_metadata`, as above.
        """

    def note_key_use(self, key_id: ApiKeyId, now: datetime) -> None:
        """Has `ApiKeys.note_uses` keep this use, soon and beside all else; that it fails is seen by nobody."""
