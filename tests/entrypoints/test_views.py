"""How times look: as RFC 3339 has them, in every year that there is."""

from datetime import UTC, datetime

import pytest

from leadnator_auth.entrypoints.views import exact_rfc3339, rfc3339


@pytest.mark.parametrize("year", ["0001", "0099", "0999", "2026", "9999"])
def test_a_year_has_four_digits(year: str) -> None:
    instant = datetime(int(year), 2, 3, 4, 5, 6, 700_000, tzinfo=UTC)
    assert rfc3339(instant) == f"{year}-02-03T04:05:06Z"
    assert exact_rfc3339(instant) == f"{year}-02-03T04:05:06.700000Z"
    assert exact_rfc3339(instant.replace(microsecond=0)) == f"{year}-02-03T04:05:06Z"
