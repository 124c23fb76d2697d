"""What was stored, in the log: events, one per line (ASVS 16.3), and signing keys; ids and reasons, never a secret."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar

import structlog

from leadnator_auth.domain import Commit, KeyState, SigningKey

_log = structlog.get_logger(__name__)
_security_log = structlog.get_logger("leadnator_auth.security")
REQUEST: ContextVar[Mapping[str, str]] = ContextVar("REQUEST")
"""The id of the request being answered; unset outside requests."""


def log_events(commit: Commit) -> None:
    """Writes a line for each event that was stored, with the request that led to it, if any."""
    request = REQUEST.get({})
    for event in commit.events:
        _security_log.info(
            event.type.value, event_id=event.id, user=event.user_id, actor=event.actor, **event.data, **request
        )


def log_keys(keys: Sequence[SigningKey]) -> None:
    """Logs the ids of the keys by their state: which sign, come next and verify, whenever a process finds a change."""
    kids = {state.value: [key.kid for key in keys if key.state is state] for state in KeyState}
    _log.info("signing_keys", **kids)
