"""Pages and their cursors."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest

from leadnator_auth.domain import InvalidPageError
from leadnator_auth.domain.values.paging import Position, requested_page

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def encoded(text: str | bytes) -> str:
    content = text if isinstance(text, bytes) else text.encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    "position",
    [
        Position(NOW, "u_1"),
        Position(NOW.replace(microsecond=0), "u_with space and ☕"),
        Position(datetime.min.replace(tzinfo=UTC), ""),
        Position(datetime.max.replace(tzinfo=UTC), "u_" + "x" * 22),
    ],
)
def test_a_cursor_leads_back_to_its_position(position: Position) -> None:
    assert requested_page(20, position.cursor).after == position
    assert position.cursor.replace("-", "").replace("_", "").isalnum()


GOOD = Position(NOW, "u_1").cursor
BROKEN = [
    "",
    "x",
    "AAAA",
    "🎉",
    "\0",
    GOOD + "=",
    GOOD + "\n",
    GOOD[:20],
    " " + GOOD,
    GOOD[:8] + "!" + GOOD[8:],
    GOOD * 100,
    encoded(b"\xff\xfe"),
    encoded("u_1"),
    encoded("2026-01-01T12:00:00.123456 u_1"),
    encoded("2026-01-01T12:00:00.123456Z u_1"),
    encoded("2026-01-01T13:00:00.123456+01:00 u_1"),
    encoded(f"{NOW.astimezone(timezone(timedelta(hours=1))).isoformat()} u_1"),
    encoded("2026-13-01T12:00:00+00:00 u_1"),
    encoded("20260101T120000+0000 u_1"),
    encoded(f"{NOW.isoformat()} u_\0"),
    encoded("99999999999999999999999999 u_1"),
]


@pytest.mark.parametrize("cursor", BROKEN)
def test_what_is_no_cursor_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidPageError):
        requested_page(20, cursor)


@pytest.mark.parametrize("limit", [0, -1, 101, 10**30])
def test_a_limit_is_from_1_to_100(limit: int) -> None:
    with pytest.raises(InvalidPageError):
        requested_page(limit, None)
    assert [requested_page(good, None).limit for good in (1, 100)] == [1, 100]


def test_there_is_a_next_page_only_where_something_is_left() -> None:
    def position(number: int) -> Position:
        return Position(NOW, str(number))

    request = requested_page(2, None)
    assert request.page([3, 2], position).next_cursor is None
    assert request.page([], position).entries == ()
    page = request.page([3, 2, 1], position)
    assert (page.entries, page.next_cursor) == ((3, 2), Position(NOW, "2").cursor)
