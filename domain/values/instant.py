"""Instants, as people and programs write them."""

import re
from datetime import UTC, datetime

from leadnator_auth.domain.values.fields import BadFieldError

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def parse_instant(text: str) -> datetime:
    """Returns the instant that a text names as RFC 3339 section 5.6 says, in UTC and whole seconds.

    Raises: BadFieldError.
    """
    written = text.upper()  # T and Z may be small letters
    if _RFC_3339.fullmatch(written):
        try:
            return datetime.fromisoformat(written).astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):  # a day that is not in the calendar; a zone that leads beyond it
            pass
    raise BadFieldError("invalid_time", "Use a time with its zone, such as 2026-01-31T12:00:00Z (RFC 3339).")


def parse_future(text: str, now: datetime) -> datetime:
    """Returns the same of an instant that is yet to come.

    Raises: BadFieldError.
    """
    instant = parse_instant(text)
    if instant <= now:
        raise BadFieldError("not_in_future", "Use a time that is yet to come.")
    return instant
