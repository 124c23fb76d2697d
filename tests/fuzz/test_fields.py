"""Every field of every body: any value is refused or safe, and what is not asked for changes nothing."""

import json
import unicodedata

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadnator_auth.domain import BadFieldError
from leadnator_auth.domain.entities.user import User, parse_name
from leadnator_auth.domain.values.fields import text_of
from leadnator_auth.domain.values.media_path import is_below, parse_media_path
from tests.fuzz.service import ALICE, FIELDS, Service, check_answer
from tests.fuzz.strategies import characters, json_values, texts

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

EACH_FIELD = [(call, field) for call, fields in FIELDS.items() for field in fields]
SERVER_SIDE = ["id", "role", "plan", "status", "isAdmin", "created_at", "password_hash", "email_verified", "__proto__"]
NAMES = {"name", "email", "password", "token", "current_password", "path"}
BREAKS_OR_STEERS = {"Cc", "Zl", "Zp", "Cs"}
PIECES = ["/", "/", ".", "..", "a", "%2e", "\\", "?", ";", "\n", "é"]
REORDERS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

extra_names = st.one_of(st.sampled_from(SERVER_SIDE), st.text(characters, max_size=9))
extra_members = st.dictionaries(extra_names, json_values, min_size=1, max_size=5)


def with_member(body: dict[str, str], name: str, written: str) -> str:
    """Returns a body as JSON, with one more member that is written already."""
    rest = {other: value for other, value in body.items() if other != name}
    return json.dumps(rest)[:-1] + (", " if rest else "") + f"{json.dumps(name)}: {written}}}"


def without_epochs(user: User) -> User:
    """Returns the account but for what a change of its password ended, which epochs count."""
    return attrs.evolve(user, session_epoch=0, secret_epoch=0)


@pytest.mark.parametrize(("call", "field"), EACH_FIELD)
@settings(max_examples=60)
@given(written=json_values)
def test_any_value_of_any_field_is_refused_or_served(service: Service, call: str, field: str, written: str) -> None:
    service.start_over()
    token = service.sign_up()
    before = service.users
    answer = service.post(call, with_member(FIELDS[call], field, written), token)
    code = check_answer(answer)
    if code in ("missing_fields", "invalid_fields"):
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert code in {
        None, "missing_fields", "invalid_fields", "invalid_json", "invalid_credentials", "invalid_reset_token"
    }  # fmt: skip
    assert [without_epochs(user) for user in service.users[: len(before)]] == [without_epochs(user) for user in before]


@given(text=texts)
def test_an_accepted_name_is_one_safe_line_and_comes_back_as_it_was(service: Service, text: str) -> None:
    service.start_over()
    answer = service.post("signup", ALICE | {"name": text})
    if check_answer(answer) is not None:
        assert [error["field"] for error in answer.json()["errors"]] == ["name"]
        assert service.users == []
        return
    name = answer.json()["user"]["name"]
    assert name == text.strip() == service.me(answer.json()["token"])["name"]
    assert 1 <= len(name) <= 200
    assert not any(unicodedata.category(c) in BREAKS_OR_STEERS or c in REORDERS for c in name)


@settings(max_examples=500)
@given(st.one_of(texts, st.text(st.sampled_from("aé \u3000\0\n\u2028\u202e\ud800\x7f\x9b"), max_size=6)))
def test_a_name_is_read_the_same_again(text: str) -> None:
    try:
        name = parse_name(text_of(text))
    except BadFieldError:
        return
    assert parse_name(name) == name == name.strip()
    assert name.isprintable() or not set(name) & set("\0\n\u2028\u202e\ud800\x7f\x9b")


@settings(max_examples=500)
@given(
    st.one_of(texts, st.lists(st.sampled_from(["/", ".", "..", "a", "%2e", "\\", "?", ";", "\n", "é"])).map("".join))
)
def test_an_accepted_media_path_can_be_read_in_one_way_only(text: str) -> None:
    try:
        path = parse_media_path(text_of(text))
    except BadFieldError:
        return
    assert parse_media_path(path) == path
    assert path.startswith("/")
    assert path.rstrip("/") == path != ""
    assert not {"", ".", ".."} & set(path.split("/")[1:])
    assert not set("\\%?#;\0\n") & set(path)
    assert is_below(path, path)
    assert is_below(path + "/x", path)
    assert not is_below(path + "x", path)
    assert not is_below(path.rpartition("/")[0], path)


@pytest.mark.parametrize("call", FIELDS)
@settings(max_examples=60)
@given(extra=extra_members)
def test_what_is_not_asked_for_never_changes_an_account(service: Service, call: str, extra: dict[str, str]) -> None:
    service.start_over()
    token = service.sign_up()
    [alice] = service.users
    body = json.dumps(FIELDS[call])
    for name, written in extra.items():
        if name not in NAMES:
            body = f"{body[:-1]}, {json.dumps(name)}: {written}}}"
    code = check_answer(service.post(call, body, token))
    assert code in (None, "invalid_json", "invalid_reset_token")
    assert without_epochs(service.users[0]) == without_epochs(alice)
    for user in service.users:
        assert (user.role, user.plan, user.status) == ("user", "Starter", "active")
        assert user.id.startswith("u_")
        assert user.created_at == service.memory.clock.now()
    assert service.me(service.sign_up(email="carol@example.com"))["role"] == "user"
