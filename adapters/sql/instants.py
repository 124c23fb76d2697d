"""Instants as whole microseconds since 1970 (UTC): the same in every database, with no time zone to lose."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_number(instant: datetime) -> int:
    """Returns the number stored for an aware datetime."""
    return (instant - _EPOCH) // _MICROSECOND


def from_number(number: int) -> datetime:
    """Returns the aware datetime stored as this number."""
    return _EPOCH + timedelta(microseconds=number)


def to_optional(instant: datetime | None) -> int | None:
    """Returns the number stored for an aware datetime, if there is one."""
    return None if instant is None else to_number(instant)


def from_optional(number: int | None) -> datetime | None:
    """Returns the aware datetime stored as this number, if there is one."""
    return None if number is None else from_number(number)
