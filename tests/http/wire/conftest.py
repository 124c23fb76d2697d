"""Servers of an application that echoes, one for each parser."""

import logging
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from tests.http.wire.serving import PROTOCOLS, Served, echo, serving


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test in which uvicorn or asyncio logged an error."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    """What is logged."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture(scope="session", params=list(PROTOCOLS))
def parser(request: pytest.FixtureRequest) -> str:
    """The name of a parser: each in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def echoing(parser: str) -> Iterator[Served]:
    """A server for all tests that change none of its settings."""
    with serving(echo, parser) as served:
        yield served
