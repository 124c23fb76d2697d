"""Events in the log, one per line, as they are stored (ASVS 16.3): ids and reasons, never a secret."""

from collections.abc import Mapping
from contextvars import ContextVar

import structlog

from leadnator_auth.domain import Commit

_log = structlog.get_logger("leadnator_auth.security")
REQUEST: ContextVar[Mapping[str, str]] = ContextVar("REQUEST")
"""The id of the request being answered; unset outside requests."""


def log_events(commit: Commit) -> None:
    """Writes a line for each event that was stored, with the request that led to it, if any."""
    request = REQUEST.get({})
    for event in commit.events:
        _log.info(event.type.value, event_id=event.id, user=event.user_id, actor=event.actor, **event.data, **request)
