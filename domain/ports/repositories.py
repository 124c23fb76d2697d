"""The repositories: one for each kind of thing that is kept."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.event import Event, EventFilter
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.mail import MailFigures, MailKind, MailState, QueuedMail
from leadnator_auth.domain.entities.reset_token import ResetToken
from leadnator_auth.domain.entities.session import Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import SessionId, UserId
from leadnator_auth.domain.values.paging import Position


class Users(Protocol):
    """The accounts."""

    async def add(self, user: User) -> None:
        """Raises: EmailTakenError when an account has the same canonical e-mail address."""

    async def add_all(self, users: Sequence[User]) -> None:
        """Adds many accounts at once.

        Raises: EmailTakenError when an account has the same canonical e-mail address as one of them.
        """

    async def by_id(self, user_id: UserId) -> User | None:
        """Returns the account with this id, if any."""

    async def by_email(self, canonical: str) -> User | None:
        """Returns the account whose e-mail address has this canonical form, if any."""

    async def save(self, user: User) -> None:
        """Replaces the account that has this id; its e-mail address and creation time stay as they are."""

    async def remove(self, user_id: UserId) -> None:
        """Removes an account with all that belongs to it, in a time that does not grow with how much that is.

        What is too much to be removed at once leads to nobody any more, and is `purge`'s to remove.
        """

    async def purge(self, most: int) -> int:
        """Removes about `most` rows that removed accounts left; returns how many, 0 when nothing is left."""

    async def active_admins(self) -> list[User]:
        """Returns the admins that are not suspended, by id.

        Looked up in a unit of work that may write, each of them stays as it was read until that unit ends, and units
        that do so take turns. One who became an admin while this waited for its turn may be missing.
        """

    async def page(self, search: str, most: int, after: Position | None) -> list[User]:
        """Returns up to `most` accounts that `search` finds, newest first, from after a position on.

        The position of an account is its creation time and its id. An empty search finds all; for others
        `domain.search` says what is found. Unlike other look-ups it holds nobody up.
        """


class CredentialStore(Protocol):
    """The password hashes, one an account."""

    async def add(self, credentials: Credentials) -> None:
        """Keeps the first credentials of an account."""

    async def add_all(self, credentials: Sequence[Credentials]) -> None:
        """Keeps the first credentials of many accounts at once."""

    async def of(self, user_id: UserId) -> Credentials | None:
        """Returns the credentials of an account, if any."""

    async def by_emails(self, canonicals: Sequence[str]) -> dict[str, Credentials]:
        """Returns the credentials of the accounts that have one of these canonical e-mail addresses, by address.

        Unlike other look-ups it holds nobody up: the credentials may change at once.
        """

    async def change(self, user_id: UserId, new_hash: str, now: datetime) -> None:
        """Gives an account the hash of a new password and the next version."""

    async def upgrade(self, user_id: UserId, *, old_hash: str, new_hash: str) -> bool:
        """Puts a stronger hash of the same password in place, only if `old_hash` still is there; one atomic step.

        Returns whether it did.
        """


class Sessions(Protocol):
    """The log-ins that have not ended."""

    async def add(self, session: Session) -> None:
        """Keeps a new session."""

    async def by_id(self, session_id: SessionId) -> Session | None:
        """Returns the session with this id, if it has not ended."""

    async def of_user(self, user: User, most: int) -> list[Session]:
        """Returns up to `most` sessions of the user's present epoch, newest first."""

    async def save(self, session: Session) -> None:
        """Keeps the epoch of a session that is there already."""

    async def end(self, session_id: SessionId) -> bool:
        """Ends a session at once; returns whether there was one."""

    async def trim(self, user_id: UserId, *, keep: int, most: int) -> list[Session]:
        """Removes the sessions of a user beyond `keep`, at most `most` of them; returns which.

        Those of earlier epochs go first, and of one epoch the oldest.
        """

    async def purge(self, expired_before: datetime, most: int) -> int:
        """Removes up to `most` sessions that expired before this instant; returns how many."""


class ResetTokens(Protocol):
    """The rights to set a new password."""

    async def add(self, token: ResetToken) -> None:
        """Keeps a new token."""

    async def by_digest(self, digest: str) -> ResetToken | None:
        """Returns the token with this digest, used and expired ones included."""

    async def redeem(self, digest: str, now: datetime) -> ResetToken | None:
        """Marks a usable token as used and returns it, or None when it is not usable; one atomic step."""

    async def withdraw(self, digest: str) -> None:
        """Removes a token whose secret went nowhere."""

    async def issued_since(self, user_id: UserId, since: datetime, most: int) -> list[datetime]:
        """Returns when the last `most` tokens of a user were issued, oldest first, of those issued after `since`.

        All of them count, used ones included.
        """

    async def purge(self, expired_before: datetime, most: int) -> int:
        """Removes up to `most` tokens that expired before this instant; returns how many."""


class KnownClients(Protocol):
    """The networks that accounts were logged in to from."""

    async def get(self, user_id: UserId, network: str) -> KnownClient | None:
        """Returns what is known of a network, if anything."""

    async def put(self, client: KnownClient) -> None:
        """Keeps a network, in place of what was known of it before."""

    async def trim(self, user_id: UserId, *, keep: int, most: int) -> int:
        """Removes those of an account beyond the `keep` seen last, at most `most` of them; returns how many."""

    async def purge(self, seen_before: datetime, most: int) -> int:
        """Removes up to `most` that were last seen before this instant; returns how many."""


class MailQueue(Protocol):
    """The mails that wait to be sent.

    A mail is new until somebody takes it for the first time. New ones go first; among them, and among the others, those
    due first, and of one instant those with the lower id.
    """

    async def add(self, mail: QueuedMail) -> None:
        """Queues a mail."""

    async def lease(self, now: datetime, most: int, full: Collection[str] = ()) -> list[QueuedMail]:
        """Takes up to `most` due mails, but none of the lanes in `full`; no mail is ever taken twice at once.

        Returns them leased, oldest first.
        """

    async def save(self, mail: QueuedMail) -> bool:
        """Keeps what became of a leased mail, unless the lease ended and somebody else took it.

        Returns whether it did; `attempts` tells whose lease it is.
        """

    async def remove(self, mail_id: str) -> None:
        """Drops a mail from the queue."""

    async def drop_to_nobody(self, now: datetime, most: int, full: Collection[str] = ()) -> int:
        """Drops those of the next `most` new mails (as `lease` would take them) whose recipient has no account.

        Returns how many. It looks at `most` mails and no more, and takes the same few steps for all of them.
        """

    async def drop_like(self, mail: QueuedMail, now: datetime, most: int) -> int:
        """Drops up to `most` due new mails of the same kind to the same recipient, oldest first; returns how many."""

    async def count_since(self, kind: MailKind, recipient: str, since: datetime) -> int:
        """Returns how many mails of a kind were queued for an address after this instant and are still kept."""

    async def purge(self, state: MailState, finished_before: datetime, most: int) -> int:
        """Removes up to `most` mails that came to this final state before this instant; returns how many."""

    async def latest(self, state: MailState | None, most: int) -> list[QueuedMail]:
        """Returns up to `most` mails, of one state or of all, newest first."""

    async def retry(self, now: datetime, mail_id: str) -> bool:
        """Makes a dead or waiting mail due at once; returns whether there is one with this id. Sent ones stay sent."""

    async def retry_some(self, now: datetime, most: int, after: str) -> list[str]:
        """Makes up to `most` dead and waiting mails due at once, by id, of those whose id follows `after`.

        Returns the ids in their order.
        """

    async def figures(self) -> MailFigures:
        """Returns how many mails are in which state."""

    async def next_due_at(self) -> datetime | None:
        """Returns when the next queued mail is due, or None when none waits."""


class Events(Protocol):
    """What happened to accounts; events are only ever added, and go when they are old."""

    async def add(self, events: Sequence[Event]) -> None:
        """Keeps new events; their accounts need not exist."""

    async def latest(self, wanted: EventFilter, most: int, after: Position | None) -> list[Event]:
        """Returns up to `most` events, newest first, from after a position on.

        The position of an event is its time and its id.
        """

    async def purge(self, older_than: datetime, most: int) -> int:
        """Removes up to `most` events of before this instant; returns how many."""
