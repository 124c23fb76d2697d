"""Events in the log, one a line, as they are kept (ASVS 16.3): ids and reasons, never a secret."""

from collections.abc import Mapping
from contextvars import ContextVar

import structlog

from leadnator_auth.domain import Commit

_log = structlog.get_logger("leadnator_auth.security")
REQUEST: ContextVar[Mapping[str, str]] = ContextVar("REQUEST")
"""What tells the request that is being answered from others; unset where there is none."""


def log_events(commit: Commit) -> None:
    """Writes a line for each event that was kept, with the request that led to it, if one did."""
    request = REQUEST.get({})
    for event in commit.events:
        _log.info(event.type.value, event_id=event.id, user=event.user_id, actor=event.actor, **event.data, **request)
