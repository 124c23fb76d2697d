"""Looks at events, their places and their deliveries after each change: what must hold at every moment."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain import DeliveryState, Event, EventType, QueuedEvent, Subscription
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.entities.outbox import LEASE
from tests.simulation.receivers import Receivers
from tests.simulation.scheduler import Violation

MAX_QUEUED = 5
"""How many deliveries of one subscription wait at most in a world."""
SHORTEST_PAUSE = timedelta(seconds=2.5)
"""Between two attempts at one delivery."""
_NEW_PASSWORD = (EventType.PASSWORD_CHANGED, EventType.PASSWORD_RESET)


@attrs.define
class FeedWatcher:
    """Compares what is kept of events with what was kept before."""

    receivers: Receivers
    _taken_at: dict[str, datetime] = attrs.Factory(dict)

    def look(self, before: Tables, after: Tables, now: datetime) -> None:
        """Checks one step."""
        if after.events != before.events:
            new = [event for key, event in after.events.items() if key not in before.events]
            _check_events(new, before, after)
        else:
            new = []
        _check_changes(new, before, after)
        if after.places != before.places:
            _check_places(before, after)
        if after.subscriptions != before.subscriptions:
            _check_progress(before, after)
        if after.event_deliveries != before.event_deliveries:
            self._look_at_deliveries(before, after, now)

    def check_end(self, tables: Tables) -> None:
        """Checks that everybody knows everything, when nothing waits any more."""
        _check(tables.places.keys() == tables.events.keys(), "an event has no place", tables.events)
        given_up = {
            (d.lane, d.payload.event.id) for d in tables.event_deliveries.values() if _is(d, DeliveryState.DEAD)
        }
        for name, receiver in self.receivers.by_id.items():
            for event_id in tables.events:
                is_known = receiver.accepted[event_id] or (name, event_id) in given_up
                _check(is_known, "an event was never delivered", name, event_id)

    def _look_at_deliveries(self, before: Tables, after: Tables, now: datetime) -> None:
        for entry in after.event_deliveries.values():
            old = before.event_deliveries.get(entry.id)
            if old is entry:
                continue
            if old is not None and entry.attempts > old.attempts and _is(entry, DeliveryState.QUEUED):
                self._look_at_a_taken_one(old, entry, before, after, now)
            if _is(entry, DeliveryState.SENT):
                is_known = self.receivers.by_id[entry.lane].accepted[entry.payload.event.id]
                _check(is_known, "a delivery counts as made that was not", entry)
            if _is(entry, DeliveryState.DEAD):
                _check(now >= entry.give_up_at, "a delivery was given up too early", entry)

    def _look_at_a_taken_one(
        self, old: QueuedEvent, taken: QueuedEvent, before: Tables, after: Tables, now: datetime
    ) -> None:
        looked_at = taken.due_at - LEASE
        _check(old.due_at <= looked_at <= now and _is(old, DeliveryState.QUEUED), "a delivery was taken too early", old)
        subscription = before.subscriptions[taken.lane]
        _check(not _is_paused(subscription, looked_at), "a delivery was taken during a pause", taken, subscription)
        if subscription.failures:
            is_alone = _is_paused(after.subscriptions[taken.lane], looked_at)
            _check(is_alone, "the others do not wait for the one that finds out", taken)
        last = self._taken_at.get(taken.id)
        self._taken_at[taken.id] = looked_at
        if last is not None and subscription.failures:  # after a success, what failed before is tried at once
            _check(looked_at - last >= SHORTEST_PAUSE, "a delivery was tried again at once", taken)
        if not old.attempts:
            waiting = [each for each in before.event_deliveries.values() if _goes_before(each, taken)]
            _check(not waiting, "a delivery overtook another one of its account", taken, waiting)


def _is_paused(subscription: Subscription, now: datetime) -> bool:
    return subscription.paused_until is not None and subscription.paused_until > now


def _goes_before(one: QueuedEvent, other: QueuedEvent) -> bool:
    is_same = one.lane == other.lane and one.payload.event.user_id == other.payload.event.user_id
    is_untried = _is(one, DeliveryState.QUEUED) and not one.last_error
    return is_same and is_untried and one.payload.position < other.payload.position


def _check_events(new: Iterable[Event], before: Tables, after: Tables) -> None:
    for event in new:
        for value in filter(None, event.data.values()):
            is_secret = "@" in value or value.startswith("password-") or digest_of(value) in after.one_time_tokens
            _check(not is_secret, "an event has a secret or an address in it", event)
        if event.type is EventType.USER_CREATED:
            _check(event.user_id in after.users, "an event of an account that is not there", event)
        if event.type is EventType.USER_DELETED:
            is_change = event.user_id in before.users and event.user_id not in after.users
            _check(is_change, "an event of a removal that did not happen", event)
        if event.type in _NEW_PASSWORD:
            is_change = before.credentials.get(event.user_id) != after.credentials.get(event.user_id)
            _check(is_change, "an event of a password that did not change", event)


def _check_changes(new: Iterable[Event], before: Tables, after: Tables) -> None:
    """Each change has its event in the same commit."""
    told = {(event.type, event.user_id) for event in new}
    started = {event.data.get("session_id") for event in new if event.type is EventType.SESSION_STARTED}
    for user_id in after.users.keys() - before.users.keys():
        _check((EventType.USER_CREATED, user_id) in told, "a new account left no event", user_id)
    for user_id in before.users.keys() - after.users.keys():
        _check((EventType.USER_DELETED, user_id) in told, "a removed account left no event", user_id)
    for session_id in after.sessions.keys() - before.sessions.keys():
        _check(session_id in started, "a new session left no event", session_id)
    if after.credentials != before.credentials:
        for user_id in after.credentials.keys() & before.credentials.keys():
            if after.credentials[user_id].version != before.credentials[user_id].version:
                is_told = any((each, user_id) in told for each in _NEW_PASSWORD)
                _check(is_told, "a new password left no event", user_id)


def _check_places(before: Tables, after: Tables) -> None:
    positions = list(after.places.values())
    _check(positions == list(range(1, len(positions) + 1)), "the positions have a gap, or come again", positions)
    _check(list(after.places) == list(islice(after.events, len(positions))), "an event was overtaken", after.places)
    _check(before.places.items() <= after.places.items(), "an event has another place than before", before.places)


def _check_progress(before: Tables, after: Tables) -> None:
    for subscription in after.subscriptions.values():
        old = before.subscriptions[subscription.id]
        _check(subscription.position >= old.position, "a subscription went back", subscription)
        made = [each for each in after.event_deliveries.values() if each.lane == subscription.id]
        if subscription.position > old.position:
            positions = sorted(each.payload.position for each in made if each.payload.position > old.position)
            is_complete = positions == list(range(old.position + 1, subscription.position + 1))
            _check(is_complete, "an event was given to a subscription twice, or not at all", subscription, positions)
        queued = sum(_is(each, DeliveryState.QUEUED) for each in made)
        _check(queued <= MAX_QUEUED, "a subscription has more than its fill", subscription)


def _is(entry: QueuedEvent, state: DeliveryState) -> bool:
    return entry.state is state


def _check(holds: object, what: str, *about: object) -> None:
    if not holds:
        raise Violation(f"{what}: {', '.join(map(repr, about))}")
