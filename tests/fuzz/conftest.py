"""The number of examples, and silence about them."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from structlog.testing import capture_logs

from tests.fuzz.service import Service

# Another run tries other input; but in CI the same each time, so that only a change can be what made it fail.
settings.register_profile(
    "fuzz",
    settings.get_profile("default"),
    deadline=None,
    derandomize="CI" in os.environ,
    database=None,
    print_blob=True,
    max_examples=150,
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
