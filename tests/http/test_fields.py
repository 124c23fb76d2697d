"""The members of a body: texts that any store can hold, or a refusal that names them."""

import json
from collections.abc import Callable, Iterable

import httpx2
import pytest

Check = Callable[[httpx2.Response, int, str], None]

JSON = {"Content-Type": "application/json"}
ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
FIELDS: dict[str, dict[str, str]] = {
    "signup": ALICE,
    "login": {"email": ALICE["email"], "password": ALICE["password"]},
    "forgot-password": {"email": ALICE["email"]},
    "reset-password": {"token": "reset_" + "A" * 43, "password": "second-password"},
    "verify-email": {"token": "verify_" + "A" * 43},
}
BAD_TEXTS = ["\0", chr(0xD800), chr(0xDFFF), chr(0xDE00) + chr(0xD83D)]
EACH_FIELD = [(call, field) for call, fields in FIELDS.items() for field in fields]


@pytest.mark.parametrize("call", FIELDS)
async def test_the_good_fields_of_this_table_are_not_refused(quick: httpx2.AsyncClient, call: str) -> None:
    await quick.post("/api/auth/signup", json=ALICE | {"email": "first@example.com"})
    answer = await quick.post(f"/api/auth/{call}", json=FIELDS[call])
    assert answer.json().get("code") in {
        "login": ["invalid_credentials"],
        "reset-password": ["invalid_reset_token"],
        "verify-email": ["invalid_email_token"],
    }.get(call, [None])


@pytest.mark.parametrize(
    "name", ["A", "x" * 200, "\U0001f600" * 200, f"  {'x' * 200}\t", "O'Neil <b>; DROP TABLE users"]
)
async def test_a_name_has_1_to_200_characters_after_trimming(quick: httpx2.AsyncClient, name: str) -> None:
    answer = await quick.post("/api/auth/signup", json=ALICE | {"name": name})
    assert (answer.status_code, answer.json()["user"]["name"]) == (200, name.strip())


@pytest.mark.parametrize(
    "name",
    [
        *("x" * 201, "\U0001f600" * 201, "a\nb", "a\tb", "a\x7fb", "a\x85b", "a\x1b[0mb"),
        *("\x1cA", "A\x1d", " \x1eA", "A\x1f ", "\x1c", "A\x00", "\x1bA", "A\x7f"),
    ],
    ids=ascii,
)
async def test_any_other_name_is_refused(quick: httpx2.AsyncClient, check_problem: Check, name: str) -> None:
    check_problem(await quick.post("/api/auth/signup", json=ALICE | {"name": name}), 400, "invalid_fields")


@pytest.mark.parametrize("call", ["signup", "login", "forgot-password"])
async def test_no_control_is_white_space_around_an_address(
    quick: httpx2.AsyncClient, check_problem: Check, call: str
) -> None:
    for email in ("\x1ca@example.com", "a@example.com\x1d", " \x1ea@example.com", "a@example.com\x1f\n", "\x1c"):
        check_problem(await quick.post(f"/api/auth/{call}", json=ALICE | {"email": email}), 400, "invalid_fields")


def cases(values: Iterable[object]) -> list[object]:
    return [
        pytest.param(call, field, value, id=f"{call} {field} {value!r}")
        for call, field in EACH_FIELD
        for value in values
    ]


@pytest.mark.parametrize(("call", "field", "value"), cases([0, 5, 1.5, True, False, ["a@example.com"], {"a": "b"}]))
async def test_a_field_is_a_text_and_nothing_else(
    quick: httpx2.AsyncClient, check_problem: Check, call: str, field: str, value: object
) -> None:
    answer = await quick.post(f"/api/auth/{call}", json=FIELDS[call] | {field: value})
    check_problem(answer, 400, "invalid_fields")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(("call", "field", "value"), cases([None, "", "  ", "\t\n"]))
async def test_null_empty_and_blank_count_as_missing(
    quick: httpx2.AsyncClient, check_problem: Check, call: str, field: str, value: str | None
) -> None:
    body = FIELDS[call] | {field: value}
    if value and field in ("password", "token"):
        assert (await quick.post(f"/api/auth/{call}", json=body)).json()["code"] != "missing_fields"
        return
    for sent in (body, {name: text for name, text in body.items() if name != field}):
        answer = await quick.post(f"/api/auth/{call}", json=sent)
        check_problem(answer, 400, "missing_fields")
        assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("bad", BAD_TEXTS, ids=ascii)
@pytest.mark.parametrize(("call", "field"), EACH_FIELD)
async def test_nul_and_lone_surrogates_are_refused_in_each_field(
    quick: httpx2.AsyncClient, check_problem: Check, call: str, field: str, bad: str
) -> None:
    good = FIELDS[call][field]
    for value in (good + bad, bad + good, good[:3] + bad + good[3:], bad):
        answer = await quick.post(f"/api/auth/{call}", content=json.dumps(FIELDS[call] | {field: value}), headers=JSON)
        check_problem(answer, 400, "invalid_fields")
        assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("bad", BAD_TEXTS, ids=ascii)
@pytest.mark.parametrize("call", FIELDS)
async def test_nul_and_lone_surrogates_are_refused_in_what_is_ignored(
    quick: httpx2.AsyncClient, call: str, bad: str
) -> None:
    for extra in ({"x": bad}, {"x": [{"y": [bad]}]}, {bad: "x"}, {"x": {"y" + bad: 1}}):
        answer = await quick.post(f"/api/auth/{call}", content=json.dumps(FIELDS[call] | extra), headers=JSON)
        assert answer.status_code == 400
        assert answer.json()["code"] in ("invalid_fields", "invalid_json")
