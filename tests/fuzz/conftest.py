"""How much is tried, and that nothing of it is printed."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from structlog.testing import capture_logs

from tests.fuzz.service import Service

# Also where CI is set, for which Hypothesis has a profile of its own: another run shall try other input.
settings.register_profile(
    "fuzz", settings.get_profile("default"), deadline=None, derandomize=False, print_blob=True, max_examples=150
)
settings.load_profile("fuzz")


@pytest.fixture(scope="module", autouse=True)
def no_logs() -> Iterator[None]:
    """Keeps what is logged from being printed, which would take longer than the requests."""
    with capture_logs():
        yield


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """The application; each example begins a world of its own in it."""
    opened = Service()
    yield opened
    opened.close()
