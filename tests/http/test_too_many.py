"""Too many requests: the answer, what is counted, and what a client may do about it."""

from collections.abc import Callable

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Limits, Policy, deliver_due_mails
from leadnator_auth.entrypoints.http import create_app

Check = Callable[[httpx2.Response, int, str], None]
ClientOver = Callable[[MemoryPorts], httpx2.AsyncClient]

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
RIGHT = {"email": ALICE["email"], "password": ALICE["password"]}
WRONG = RIGHT | {"password": "wrong-password"}
NOBODY = WRONG | {"email": "nobody@example.com"}
LINK = {"token": "reset_" + "x" * 43, "password": "second-password"}
# So many pass, and the next one does not.
CALLS = [
    ("login", WRONG, 10, '"login";q=10;w=60'),
    ("login", NOBODY, 10, '"login";q=10;w=60'),
    ("signup", ALICE, 100, '"signup";q=100;w=3600'),
    ("forgot-password", {"email": ALICE["email"]}, 100, '"forgot";q=100;w=3600'),
    ("reset-password", LINK, 100, '"reset";q=100;w=3600'),
]


@pytest.mark.parametrize(
    ("path", "body", "count", "policy"), CALLS, ids=["login", "nobody", "signup", "forgot", "reset"]
)
async def test_the_next_one_after_many_is_told_when_to_come_again(
    quick: httpx2.AsyncClient, check_problem: Check, path: str, body: dict[str, str], count: int, policy: str
) -> None:
    url = f"/api/auth/{path}"
    statuses = [(await quick.post(url, json=body)).status_code for _ in range(count)]
    assert 429 not in statuses
    answer = await quick.post(url, json=body)
    check_problem(answer, 429, "too_many_requests")
    assert answer.json()["title"] == "Too many requests"
    name, seconds = policy.partition(";")[0], int(answer.headers["Retry-After"])
    assert answer.headers["RateLimit-Policy"] == policy
    assert answer.headers["RateLimit"] == f"{name};r=0;t={seconds}"
    assert seconds == {60: 6, 3600: 36}[int(policy.rpartition("=")[2])]


async def test_the_refusal_is_the_same_for_an_account_that_does_not_exist(quick: httpx2.AsyncClient) -> None:
    await quick.post("/api/auth/signup", json=ALICE)
    answers = []
    for body in (WRONG, NOBODY):
        for _ in range(11):
            answer = await quick.post("/api/auth/login", json=body)
        answers.append(answer)
    known, unknown = ((a.status_code, a.content, sorted(set(a.headers) - {"x-request-id"})) for a in answers)
    assert known == unknown


async def test_who_waits_as_told_gets_in(quick: httpx2.AsyncClient, memory: MemoryPorts) -> None:
    await quick.post("/api/auth/signup", json=ALICE)
    for _ in range(11):
        answer = await quick.post("/api/auth/login", json=WRONG)
    assert (await quick.post("/api/auth/login", json=RIGHT)).status_code == 429
    memory.clock.advance(seconds=int(answer.headers["Retry-After"]))
    assert (await quick.post("/api/auth/login", json=RIGHT)).status_code == 200


async def test_clients_do_not_share_a_limit(memory: MemoryPorts) -> None:
    statuses = []
    for ip in ("192.0.2.1", "192.0.2.2"):
        transport = httpx2.ASGITransport(create_app(memory), client=(ip, 40000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://auth.test") as client:
            statuses.append([(await client.post("/api/auth/login", json=NOBODY)).status_code for _ in range(11)])
    assert statuses == [[401] * 10 + [429]] * 2


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"])
async def test_no_header_chooses_whom_a_try_is_counted_for(quick: httpx2.AsyncClient, header: str) -> None:
    statuses = [
        (await quick.post("/api/auth/login", json=NOBODY, headers={header: f"203.0.113.{number}"})).status_code
        for number in range(11)
    ]
    assert statuses == [401] * 10 + [429]


async def test_without_limits_nobody_is_refused(client_over: ClientOver, memory: MemoryPorts) -> None:
    free = client_over(attrs.evolve(memory, policy=Policy(limits=Limits.none())))
    assert {(await free.post("/api/auth/login", json=WRONG)).status_code for _ in range(50)} == {401}


async def test_the_page_of_a_mailed_link_asks_to_try_later(quick: httpx2.AsyncClient, memory: MemoryPorts) -> None:
    await quick.post("/api/auth/signup", json=ALICE)
    await quick.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
    await deliver_due_mails(ports=memory)
    secret = memory.mailer.reset_links[0].secret
    for _ in range(100):
        await quick.post("/api/auth/reset-password", json=LINK)
    answer = await quick.post("/reset-password", data={"token": secret, "password": "second-password"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 36
    assert "try again in a moment" in answer.text
    memory.clock.advance(seconds=36)
    assert (
        await quick.post("/reset-password", data={"token": secret, "password": "second-password"})
    ).status_code == 303
