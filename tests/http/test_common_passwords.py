"""Passwords that many people have cannot be chosen anywhere, where a list of them is in force."""

from collections.abc import Callable

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Actor, InvalidFieldsError, PasswordPolicy, Policy, create_user, deliver_due_mails

ClientOver = Callable[[MemoryPorts], httpx2.AsyncClient]
Check = Callable[[httpx2.Response, int, str], None]

EMAIL = "alice@example.com"
COMMON = ["password", "PassWord", "\uff50\uff41ssword", "stra\u00dfenbahn", "STRASSENBAHN"]
OTHERS = ["password!", " password", "pass word", "p\u00e4ssword", "minimum-6-chars", "new-password"]
FIELD_ERROR = {
    "field": "password",
    "code": "common_password",
    "message": "Many people use this password: choose another one.",
}


@pytest.fixture
def strict(memory: MemoryPorts) -> MemoryPorts:
    """A world in which two passwords are common."""
    policy = Policy(password=PasswordPolicy(blocklist=frozenset({"password", "strassenbahn"})))
    return attrs.evolve(memory, policy=policy)


async def sign_up(http: httpx2.AsyncClient, password: str, email: str = EMAIL) -> httpx2.Response:
    return await http.post("/api/auth/signup", json={"name": "Alice", "email": email, "password": password})


async def secret_of_a_link(http: httpx2.AsyncClient, memory: MemoryPorts) -> str:
    await http.post("/api/auth/forgot-password", json={"email": EMAIL})
    await deliver_due_mails(ports=memory)
    return memory.mailer.reset_links[-1].secret


@pytest.mark.parametrize("password", COMMON, ids=ascii)
async def test_a_common_password_cannot_be_chosen_by_any_call(
    client_over: ClientOver, strict: MemoryPorts, check_problem: Check, password: str
) -> None:
    http = client_over(strict)
    token = (await sign_up(http, "first-password")).json()["token"]
    secret = await secret_of_a_link(http, strict)
    hashed = strict.hasher.hashed
    for path, body in (
        ("signup", {"name": "Bob", "email": "bob@example.com"}),
        ("change-password", {"current_password": "first-password"}),
        ("reset-password", {"token": secret}),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        answer = await http.post(f"/api/auth/{path}", json=body | {"password": password}, headers=headers)
        check_problem(answer, 400, "invalid_fields")
        assert answer.json()["errors"] == [FIELD_ERROR]
    with pytest.raises(InvalidFieldsError, match="common_password"):
        await create_user(Actor.operator(), "Bob", "bob@example.com", password, ports=strict)
    assert strict.hasher.hashed == hashed


async def test_the_page_of_the_link_says_so_and_the_link_still_works(
    client_over: ClientOver, strict: MemoryPorts
) -> None:
    http = client_over(strict)
    await sign_up(http, "first-password")
    secret = await secret_of_a_link(http, strict)
    refused = await http.post("/reset-password", data={"token": secret, "password": "password"})
    assert refused.status_code == 400
    assert FIELD_ERROR["message"] in refused.text
    done = await http.post("/reset-password", data={"token": secret, "password": "second-password"})
    assert done.status_code == 303


@pytest.mark.parametrize("password", OTHERS, ids=ascii)
async def test_any_other_password_can(client_over: ClientOver, strict: MemoryPorts, password: str) -> None:
    assert (await sign_up(client_over(strict), password)).status_code == 200


async def test_who_has_a_common_password_already_logs_in_and_may_change_it(
    client_over: ClientOver, strict: MemoryPorts
) -> None:
    before = attrs.evolve(strict, policy=Policy())
    assert (await sign_up(client_over(before), "password")).status_code == 200
    http = client_over(strict)
    token = (await http.post("/api/auth/login", json={"email": EMAIL, "password": "password"})).json()["token"]
    body = {"current_password": "password", "password": "second-password"}
    answer = await http.post("/api/auth/change-password", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
