"""Limits on the real process: whom a try is counted for, over all processes, and what a flood of log-ins meets."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.conftest import NewDatabase
from tests.e2e.conftest import Serve
from tests.e2e.server import PASSWORD, Answer, Server, read_answer

pytestmark = pytest.mark.slow

FLOOD = 200
TEN = {"RATE_LIMIT": "on", "LIMIT_LOGIN": "10/day"}
"""As many as by default, but none more while a slow machine takes its time."""


def guess(server: Server, email: str = "nobody@example.com", **headers: str) -> Answer:
    """Sends a wrong password."""
    body = json.dumps({"email": email, "password": "wrong-password"}).encode()
    with closing(server.connection()) as connection:
        connection.request("POST", "/api/auth/login", body, {"Content-Type": "application/json", **headers})
        return read_answer(connection)


def forwarded(number: int) -> dict[str, str]:
    return {"X-Forwarded-For": f"203.0.113.{number}"}


def test_another_address_in_a_header_each_time_changes_nothing(serve: Serve) -> None:
    server = serve(**TEN)
    statuses = [guess(server, **forwarded(number)).status for number in range(12)]
    assert statuses == [401] * 10 + [429] * 2


def test_behind_a_trusted_proxy_clients_do_not_share_a_limit(serve: Serve) -> None:
    server = serve(**TEN, TRUSTED_PROXIES="127.0.0.1")
    for number in (1, 2):
        statuses = [guess(server, f"user-{number}@example.com", **forwarded(number)).status for _ in range(12)]
        assert statuses == [401] * 10 + [429] * 2


def test_behind_a_trusted_proxy_only_the_address_it_added_counts(serve: Serve) -> None:
    """What stands left of it came from the client."""
    server = serve(**TEN, TRUSTED_PROXIES="127.0.0.1,198.51.100.0/24")
    statuses = [
        guess(server, **{"X-Forwarded-For": f"203.0.113.{number}, 192.0.2.7, 198.51.100.3"}).status
        for number in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2


@pytest.mark.slow
def test_a_limit_holds_over_processes_and_restarts(serve: Serve, new_database: NewDatabase) -> None:
    shared = new_database(migrated=False)
    here, there = (serve("--workers", "2", DATABASE_URL=shared, **TEN) for _ in range(2))
    with ThreadPoolExecutor(12) as threads:
        servers = [here, there] * 12
        statuses = Counter(answer.status for answer in threads.map(guess, servers))
    assert statuses == {401: 10, 429: 14}
    assert here.stop() == 0
    here.start()
    assert guess(here).status == 429


def test_the_limits_are_those_of_the_settings(serve: Serve) -> None:
    server = serve(RATE_LIMIT="on", LIMIT_LOGIN="2/hour", LIMIT_SIGNUP="1/day")
    answers = [guess(server) for _ in range(3)]
    assert [answer.status for answer in answers] == [401, 401, 429]
    assert answers[2].headers["ratelimit-policy"] == '"login";q=2;w=3600'
    assert [server.sign_up(f"user-{number}@example.com").status for number in range(2)] == [200, 429]


def all_at_once(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(act, range(count)))


@pytest.mark.slow
@pytest.mark.parametrize("rate_limit", ["on", "off"])
def test_a_flood_of_log_ins_meets_only_what_it_should_and_me_goes_on(serve: Serve, rate_limit: str) -> None:
    server = serve(RATE_LIMIT=rate_limit, BCRYPT_COST="10", HASH_QUEUE="8")
    token = server.sign_up().json["token"]
    with ThreadPoolExecutor(1) as aside:
        flood = aside.submit(all_at_once, FLOOD, lambda number: server.log_in(password=f"{PASSWORD}{number % 2 or ''}"))
        during = [server.get("/api/auth/me", token).status]
        while not flood.done():
            during.append(server.get("/api/auth/me", token).status)
    answers = flood.result()
    statuses = Counter(answer.status for answer in answers)
    assert statuses.keys() <= {200, 401, 429, 503}
    assert statuses[503] + statuses[429] > 0
    for answer in answers:
        if answer.status in (429, 503):
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json["code"] in ("too_many_requests", "overloaded")
    assert set(during) == {200}
    assert server.stop() == 0
    assert "Traceback" not in server.log
