"""Passwords: which may be chosen, and that a log-in tells nothing but whether the password was right."""

import unicodedata
from collections.abc import Callable

import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import deliver_due_mails

Check = Callable[[httpx2.Response, int, str], None]

EMAIL = "alice@example.com"

CHOSEN = {
    "6 letters": "secret",
    "6 emoji": "😀" * 6,
    "6 spaces": " " * 6,
    "spaces around": " secret ",
    "64 emoji": "😀" * 64,
    "72 bytes": "x" * 72,
    "73 bytes": "x" * 73,
    "1024 bytes": "x" * 1024,
    "1024 bytes of emoji": "😀" * 256,
    "quotes and controls": "\"';--\t\r\n\x1b\x7f",
    "Thai": "รหัสผ่านลับ",
    "common": "password",
}
REFUSED = {
    "1 letter": "s",
    "5 letters": "secre",
    "5 emoji of 20 bytes": "😀" * 5,
    "1025 bytes": "x" * 1025,
    "1025 bytes of emoji": "😀" * 256 + "x",
    "342 characters of 1026 bytes": "字" * 342,
    "60 kB": "x" * 60_000,
}
DIFFERENT = {  # the password, and another that must not be taken for it
    "letter case": ("secret-Word", "secret-word"),
    "space before": (" secret", "secret"),
    "space after": ("secret ", "secret"),
    "space not there": ("secret", "secret "),
    "last of 64 emoji": ("😀" * 64, "😀" * 63 + "😁"),
    "73rd byte": ("x" * 72 + "a", "x" * 72 + "b"),
    "only 72 bytes": ("x" * 73, "x" * 72),
    "one more after 72": ("x" * 72, "x" * 73),
    "1024th byte": ("x" * 1023 + "a", "x" * 1023 + "b"),
    "one more after 1024": ("x" * 1024, "x" * 1025),
    "character across the 72nd byte": ("x" * 71 + "é", "x" * 71 + "è"),
    "accent": ("pässword", "password"),
    "repeated": ("secret", "secretsecret"),
    "SQL": ("secret", "' OR '1'='1"),
}
SAME = ["pässwörd", "Zoë Ångström", "비밀번호비밀번호", "a\u0323\u0307bcdefg", "\u212bngstrom"]


async def sign_up(quick: httpx2.AsyncClient, password: str) -> httpx2.Response:
    return await quick.post("/api/auth/signup", json={"name": "Alice", "email": EMAIL, "password": password})


async def log_in(quick: httpx2.AsyncClient, password: str, email: str = EMAIL) -> httpx2.Response:
    return await quick.post("/api/auth/login", json={"email": email, "password": password})


async def reset(quick: httpx2.AsyncClient, memory: MemoryPorts, password: str) -> httpx2.Response:
    """Signs up with another password, then sets this one."""
    await sign_up(quick, "first-password")
    await quick.post("/api/auth/forgot-password", json={"email": EMAIL})
    await deliver_due_mails(ports=memory)
    body = {"token": memory.mailer.reset_links[-1].secret, "password": password}
    return await quick.post("/api/auth/reset-password", json=body)


@pytest.mark.parametrize("password", CHOSEN.values(), ids=CHOSEN)
async def test_a_password_of_any_characters_can_be_chosen_and_used(
    quick: httpx2.AsyncClient, memory: MemoryPorts, password: str
) -> None:
    assert (await reset(quick, memory, password)).status_code == 200
    assert (await log_in(quick, password)).status_code == 200
    body = {"name": "Bob", "email": "bob@example.com", "password": password}
    assert (await quick.post("/api/auth/signup", json=body)).status_code == 200
    assert (await log_in(quick, password, "bob@example.com")).status_code == 200


@pytest.mark.parametrize("password", REFUSED.values(), ids=REFUSED)
async def test_a_password_too_short_or_too_long_cannot_be_chosen(
    quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: Check, password: str
) -> None:
    for answer in (await sign_up(quick, password), await reset(quick, memory, password)):
        check_problem(answer, 400, "invalid_fields")
        assert [error["field"] for error in answer.json()["errors"]] == ["password"]
    assert memory.hasher.hashed == 1, "only the good password of the reset's account was hashed"


@pytest.mark.parametrize(("password", "other"), DIFFERENT.values(), ids=DIFFERENT)
async def test_every_byte_of_a_password_counts(
    quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: Check, password: str, other: str
) -> None:
    assert (await sign_up(quick, password)).status_code == 200
    check_problem(await log_in(quick, other), 401, "invalid_credentials")
    assert memory.hasher.verified == 1
    assert (await log_in(quick, password)).status_code == 200


@pytest.mark.parametrize("password", SAME, ids=ascii)
async def test_the_same_text_in_another_normal_form_is_the_same_password(
    quick: httpx2.AsyncClient, memory: MemoryPorts, password: str
) -> None:
    composed, decomposed = [unicodedata.normalize(form, password) for form in ("NFC", "NFD")]
    assert composed != decomposed
    assert (await sign_up(quick, composed)).status_code == 200
    assert [(await log_in(quick, text)).status_code for text in (composed, decomposed, password)] == [200] * 3
    assert (await reset(quick, memory, decomposed)).status_code == 200
    assert [(await log_in(quick, text)).status_code for text in (composed, decomposed, password)] == [200] * 3


@pytest.mark.parametrize("size", [1, 5, 73, 1025, 60_000])
@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"], ids=["known", "unknown"])
async def test_a_log_in_with_a_password_nobody_can_have_is_just_wrong(
    quick: httpx2.AsyncClient, memory: MemoryPorts, check_problem: Check, email: str, size: int
) -> None:
    await sign_up(quick, "first-password")
    check_problem(await log_in(quick, "x" * size, email), 401, "invalid_credentials")
    assert memory.hasher.verified == 1


async def test_an_unknown_address_and_a_wrong_password_look_and_cost_the_same(
    http: httpx2.AsyncClient, memory: MemoryPorts, check_problem: Check
) -> None:
    await sign_up(http, "first-password")
    answers = []
    for email in (EMAIL, "nobody@example.com"):
        verified, hashed = memory.hasher.verified, memory.hasher.hashed
        answers.append(await log_in(http, "wrong-password", email))
        assert (memory.hasher.verified - verified, memory.hasher.hashed - hashed) == (1, 0)
    wrong, unknown = answers
    check_problem(wrong, 401, "invalid_credentials")
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    same = {"x-request-id": "-"}
    assert {**wrong.headers, **same} == {**unknown.headers, **same}
    assert list(wrong.headers) == list(unknown.headers)
    assert not wrong.headers.get("WWW-Authenticate", "").lower().startswith("basic")


async def test_a_password_and_its_hash_appear_in_no_answer_and_no_log(
    quick: httpx2.AsyncClient, memory: MemoryPorts, logs: list[dict[str, object]]
) -> None:
    secret = "hunter2-hunter2"
    answers = [await sign_up(quick, secret), await sign_up(quick, secret), await log_in(quick, secret)]
    answers += [await log_in(quick, secret + "x"), await reset(quick, memory, secret + "y")]
    assert [answer.status_code for answer in answers] == [200, 409, 200, 401, 200]
    assert logs
    everything = "".join(answer.text + str(answer.headers) for answer in answers) + str(logs)
    assert "hunter2" not in everything
    assert "cheap$" not in everything
