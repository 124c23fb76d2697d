"""Recording events in the transaction that makes the change: no change without its event, no event without a change."""

from collections.abc import Iterable
from itertools import islice

from leadnator_auth.domain.entities.event import Event, EventType
from leadnator_auth.domain.entities.session import Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Ports, Transaction
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.values.ids import EVENT_ID_PREFIX, EventId, UserId

_AT_ONCE = 100


async def record(
    event_type: EventType,
    user_id: UserId,
    transaction: Transaction,
    ports: Ports,
    *,
    actor: str | None = None,
    **data: str | None,
) -> None:
    """Stores an event; without an `actor`, the owner of the account did it."""
    await transaction.events.add([_event(event_type, user_id, actor or user_id, ports, **data)])


async def record_created(users: Iterable[User], actor: str, transaction: Transaction, ports: Ports) -> None:
    """Stores an event for each account that is made, in one insert."""
    await transaction.events.add([_event(EventType.USER_CREATED, user.id, actor, ports) for user in users])


async def record_start(
    session: Session, replaced: Iterable[Session], transaction: Transaction, ports: Ports, *, reason: str = "replaced"
) -> None:
    """Stores an event for a session that begins, and for each that ends in its favour, in one insert."""
    ends = _ends(replaced, reason, session.user_id, ports)
    proven = {"session_id": session.id, "amr": " ".join(session.amr)}
    start = _event(EventType.SESSION_STARTED, session.user_id, session.user_id, ports, **proven)
    await transaction.events.add([*ends, start])


async def record_ends(
    sessions: Iterable[Session], reason: str, actor: str, transaction: Transaction, ports: Ports
) -> None:
    """Stores an event for each session that ends, some at once: others are answered between the inserts.

    Sessions that had expired, or ended before, are the caller's to leave out: nothing happens to them.
    """
    ended = iter(sessions)
    while some := list(islice(ended, _AT_ONCE)):
        await transaction.events.add(_ends(some, reason, actor, ports))


def _ends(sessions: Iterable[Session], reason: str, actor: str, ports: Ports) -> list[Event]:
    return [
        _event(
            EventType.SESSION_ENDED,
            session.user_id,
            actor,
            ports,
            session_id=session.id,
            reason=reason,
            expires_at=session.expires_at.isoformat().removesuffix("+00:00") + "Z",
        )
        for session in sessions
    ]


def _event(event_type: EventType, user_id: UserId, actor: str, ports: Ports, **data: str | None) -> Event:
    return Event(EventId(new_id(EVENT_ID_PREFIX, ports)), event_type, ports.clock.now(), user_id, actor, data)
