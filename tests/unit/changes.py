"""What changed in a store, told without its events: the measure that they are held against."""

from collections import Counter

import attrs

from leadnator_auth.domain import Event, EventType, Ports, Session, SessionId, User, UserId
from leadnator_auth.domain.entities.event import EventFilter
from leadnator_auth.domain.values.ids import ApiKeyId, EventId, FactorId

Told = tuple[str, UserId, str | None]
"""What happened, to which account, and in which session."""
_NEW_PASSWORD = (EventType.PASSWORD_CHANGED, EventType.PASSWORD_RESET)


@attrs.frozen
class State:
    """All accounts, the versions of their passwords, their live sessions, and what is told of them."""

    users: dict[UserId, User]
    passwords: dict[UserId, int]
    sessions: dict[SessionId, Session]
    factors: dict[FactorId, UserId]
    """The second factors that count."""
    api_keys: dict[ApiKeyId, UserId]
    events: dict[EventId, Event]


async def state_of(ports: Ports) -> State:
    """Returns what a small store has."""
    now = ports.clock.now()
    async with ports.unit_of_work.snapshot() as repositories:
        users = {user.id: user for user in await repositories.users.page("", 100, None)}
        kept = {user_id: await repositories.credentials.of(user_id) for user_id in users}
        found = [each for user in users.values() for each in await repositories.sessions.of_user(user, 100)]
        totp = [each for user_id in users for each in await repositories.totp_factors.of_user(user_id)]
        keys = [each for user_id in users for each in await repositories.api_keys.of_user(user_id)]
        events = {event.id: event for event in await repositories.events.latest(EventFilter(), 1000, None)}
    live = {session.id: session for session in found if session.is_live(users[session.user_id], now, None)}
    versions = {user_id: each.version for user_id, each in kept.items() if each}
    factors = {each.id: each.user_id for each in totp if each.is_confirmed}
    return State(users, versions, live, factors, {key.id: key.user_id for key in keys}, events)


def changes(before: State, after: State) -> Counter[Told]:
    """Returns what happened, as far as it can be seen in accounts, passwords and sessions."""
    of_all = (_of_accounts, _of_passwords, _of_sessions, _of_factors, _of_api_keys)
    return Counter(change for of_some in of_all for change in of_some(before, after))


def told(before: State, after: State) -> Counter[Told]:
    """Returns what the new events say; how a new password came to be cannot be seen, so it is left out."""
    new = [event for key, event in after.events.items() if key not in before.events]
    return Counter((_kind(event.type), event.user_id, event.data.get("session_id")) for event in new)


def _kind(event_type: EventType) -> str:
    return "password" if event_type in _NEW_PASSWORD else event_type.value


def _of_accounts(before: State, after: State) -> list[Told]:
    found: list[Told] = [("user.created", user_id, None) for user_id in after.users.keys() - before.users.keys()]
    found += [("user.deleted", user_id, None) for user_id in before.users.keys() - after.users.keys()]
    for user_id in before.users.keys() & after.users.keys():
        old, new = before.users[user_id], after.users[user_id]
        if _of_updates(old) != _of_updates(new):
            found.append(("user.updated", user_id, None))
        if old.is_email_verified != new.is_email_verified:
            found.append(("user.email_verified" if new.is_email_verified else "user.updated", user_id, None))
        if old.email.canonical != new.email.canonical:
            found.append(("user.email_changed", user_id, None))
        if old.status is not new.status:
            found.append(("user.suspended" if new.is_suspended else "user.activated", user_id, None))
    return found


def _of_updates(user: User) -> tuple[str, ...]:
    return user.name, user.role, user.plan, user.user_metadata.text, user.app_metadata.text


def _of_passwords(before: State, after: State) -> list[Told]:
    both = before.passwords.keys() & after.passwords.keys()
    return [("password", user_id, None) for user_id in both if before.passwords[user_id] != after.passwords[user_id]]


def _of_sessions(before: State, after: State) -> list[Told]:
    started = [after.sessions[key] for key in after.sessions.keys() - before.sessions.keys()]
    ended = [before.sessions[key] for key in before.sessions.keys() - after.sessions.keys()]
    return [
        *(("session.started", each.user_id, each.id) for each in started),
        *(("session.ended", each.user_id, each.id) for each in ended),
    ]


def _of_factors(before: State, after: State) -> list[Told]:
    added, removed = after.factors.keys() - before.factors.keys(), before.factors.keys() - after.factors.keys()
    return [
        *(("factor.added", after.factors[key], None) for key in added),
        *(("factor.removed", before.factors[key], None) for key in removed if before.factors[key] in after.users),
    ]


def _of_api_keys(before: State, after: State) -> list[Told]:
    made, gone = after.api_keys.keys() - before.api_keys.keys(), before.api_keys.keys() - after.api_keys.keys()
    return [
        *(("api_key.created", after.api_keys[key], None) for key in made),
        *(("api_key.revoked", before.api_keys[key], None) for key in gone if before.api_keys[key] in after.users),
    ]
