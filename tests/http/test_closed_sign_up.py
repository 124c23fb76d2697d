"""Sign-up that is closed, or for some domains only, over HTTP and on every store."""

from collections.abc import Callable

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.domain import Policy, Ports, SignUpPolicy

ClientOver = Callable[[Ports], httpx2.AsyncClient]
Check = Callable[[httpx2.Response, int, str], None]

DOMAINS = frozenset({"example.com", "xn--bcher-kva.example"})


@pytest.fixture
def over(client_over: ClientOver, ports: Ports) -> Callable[[frozenset[str] | None], httpx2.AsyncClient]:
    """Opens clients of servers that take sign-ups from these domains, all over one store."""

    def opened(domains: frozenset[str] | None) -> httpx2.AsyncClient:
        policy = Policy(sign_up=SignUpPolicy(domains))
        return client_over(attrs.evolve(ports, emails=ValidatedEmailSyntax(), policy=policy))

    return opened


Over = Callable[[frozenset[str] | None], httpx2.AsyncClient]


async def sign_up(http: httpx2.AsyncClient, email: str) -> httpx2.Response:
    return await http.post("/api/auth/signup", json={"name": "Alice", "email": email, "password": "secret"})


async def test_a_closed_sign_up_is_refused_alike_for_taken_and_free_addresses(
    over: Over, check_problem: Check, logs: list[EventDict]
) -> None:
    assert (await sign_up(over(None), "alice@example.com")).status_code == 200
    taken, free = [await sign_up(over(frozenset()), f"{name}@example.com") for name in ("alice", "bob")]
    check_problem(taken, 403, "signup_closed")
    assert taken.content == free.content
    same = {"x-request-id": "-"}
    assert {**taken.headers, **same} == {**free.headers, **same}
    told = [entry for entry in logs if entry["event"] == "closed_sign_up_refused"]
    assert len(told) == 2
    assert "example.com" not in str(told)
    body = {"email": "alice@example.com", "password": "secret"}
    assert (await over(frozenset()).post("/api/auth/login", json=body)).status_code == 200


@pytest.mark.parametrize(
    "email", ["alice@Example.COM", "a@bücher.example", "b@BÜCHER.example", "c@xn--bcher-kva.EXAMPLE"]
)
async def test_an_address_of_a_domain_that_is_named_signs_up_in_every_spelling(over: Over, email: str) -> None:
    assert (await sign_up(over(DOMAINS), email)).status_code == 200


@pytest.mark.parametrize("email", ["alice@example.org", "alice@mail.example.com", "alice@bucher.example"])
async def test_no_other_address_does_taken_or_not(over: Over, check_problem: Check, email: str) -> None:
    answers = [await sign_up(over(DOMAINS), email)]
    assert (await sign_up(over(None), email)).status_code == 200
    answers.append(await sign_up(over(DOMAINS), email))
    for answer in answers:
        check_problem(answer, 403, "signup_closed")
    assert answers[0].content == answers[1].content


async def test_within_the_domains_a_taken_address_is_told_as_ever(over: Over, check_problem: Check) -> None:
    http = over(DOMAINS)
    await sign_up(http, "a@bücher.example")
    check_problem(await sign_up(http, "A@xn--bcher-kva.example"), 409, "email_taken")
