"""Where deliveries wait to be made, and mails among them."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.mail import MailKind, MailRequest, QueuedMail
from leadnator_auth.domain.entities.outbox import AnyPayload, DeliveryState, OutboxEntry, OutboxStats
from leadnator_auth.domain.values.ids import UserId


class Outbox(Protocol[AnyPayload]):
    """The deliveries of one sort.

    A delivery is new until somebody takes it for the first time. New mails go first, of events those that are not new;
    among them, and among the others, those due first, and of one instant those with the lower id.
    """

    async def add(self, entry: OutboxEntry[AnyPayload]) -> None:
        """Keeps a new delivery."""

    async def lease(self, now: datetime, limit: int, full: Collection[str] = ()) -> list[OutboxEntry[AnyPayload]]:
        """Takes up to `limit` deliveries that are due by now, but none of the lanes in `full`.

        No delivery is ever taken twice at once. Returns them as `leased`, those queued first before others, and of one
        instant those with the lower id.
        """

    async def save(self, entry: OutboxEntry[AnyPayload]) -> bool:
        """Keeps what became of a leased delivery, unless the lease ended and somebody else took it, or it is over.

        Returns whether it did; `attempts` tells whose lease it is. State, due time, end and last error are kept.
        """

    async def by_id(self, entry_id: str) -> OutboxEntry[AnyPayload] | None:
        """Returns the delivery with this id, if any, in whatever state."""

    async def remove(self, entry_id: str) -> None:
        """Drops a delivery, if it is there."""

    async def latest(self, state: DeliveryState | None, limit: int) -> list[OutboxEntry[AnyPayload]]:
        """Returns up to `limit` deliveries, of one state or of all.

        Those queued last come first, and of one instant those with the higher id.
        """

    async def retry(
        self, now: datetime, give_up_at: datetime, limit: int, *, after: str = "", only: str | None = None
    ) -> list[str]:
        """Revives up to `limit` deliveries that are dead or wait, or `only` the one with this id.

        Those with the lower id go first, from after the id `after` on; sent ones stay sent. Returns the ids in order.
        """

    async def stats(self) -> OutboxStats:
        """Returns how many deliveries are in which state."""

    async def next_due_at(self) -> datetime | None:
        """Returns when the next queued delivery is due, or None when none waits."""


class MailQueue(Outbox[MailRequest], Protocol):
    """The mails that wait to be sent."""

    async def drop_to_nobody(self, now: datetime, limit: int, full: Collection[str] = ()) -> int:
        """Drops those of the next `limit` new mails (as `lease` would take them) whose recipient has no account.

        One that names an account is not to nobody, whatever its recipient.

        Returns how many. It looks at `limit` mails and no more, and takes the same few steps for all of them.
        """

    async def drop_like(self, mail: QueuedMail, now: datetime, limit: int) -> int:
        """Drops up to `limit` due new mails that are like this one; returns how many.

        Those are of the same kind to the same recipient, and name the same account, or none as this does.
        Those queued first go first, and of one instant those with the lower id.
        """

    async def to(self, recipient: str, limit: int) -> list[QueuedMail]:
        """Returns up to `limit` mails to whoever has one address, whatever their kind and state.

        Those that name an account are not among them.

        Those queued last come first, and of one instant those with the higher id.
        """

    async def of_user(self, user_id: UserId, limit: int) -> list[QueuedMail]:
        """Returns up to `limit` mails that name this account, in the order of `to`."""

    async def count_since(self, kind: MailKind, recipient: str, since: datetime) -> int:
        """Returns how many such mails were queued after this instant and are still kept, whatever their state.

        Those count whose recipient is `forgotten`.
        """

    async def count_of_user_since(self, kind: MailKind, user_id: UserId, since: datetime) -> int:
        """Returns the same of the mails that name this account, whatever their recipient."""
