"""Passwords: each opens the account it was chosen for, however it is typed, and nothing else does."""

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from tests.fuzz.service import ALICE, Service, check_answer
from tests.fuzz.strategies import texts

letters = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), st.sampled_from(" \t\né\u0301가\u1100")
)
passwords = st.one_of(
    st.text(letters, min_size=6, max_size=30),
    st.text(letters, min_size=60, max_size=250),
    st.integers(1000, 1024).map(lambda length: "x" * length),
)
"""Texts of which nearly all may be chosen."""


@pytest.fixture(scope="module")
def real() -> Iterator[Service]:
    """The application with the hasher of production, at the lowest cost."""
    hasher = BcryptHasher(cost=4)
    opened = Service(hasher)
    yield opened
    opened.close()
    hasher.close()


def logs_in(service: Service, password: str) -> bool:
    """Returns whether Alice's account opens."""
    answer = service.post("login", {"email": ALICE["email"], "password": password})
    code = check_answer(answer)
    assert code in (None, "invalid_credentials", "invalid_fields", "missing_fields")
    return code is None


def one_change(password: str, data: st.DataObject) -> str:
    """Returns the password with one character replaced, added, left out or of the other case."""
    place = data.draw(st.integers(0, len(password) - 1))
    before, at, after = password[:place], password[place], password[place + 1 :]
    other = data.draw(st.one_of(letters, st.sampled_from("\0 \ud800")))
    return before + data.draw(st.sampled_from([other, at + other, "", at.swapcase(), at + at])) + after


def check_password(service: Service, password: str, data: st.DataObject) -> None:
    """Asserts that a password which is accepted opens the account, and that none like it does."""
    service.start_over()
    answer = service.post("signup", ALICE | {"password": password})
    composed = unicodedata.normalize("NFC", password)
    if check_answer(answer) is not None:
        assert len(composed) < 6 or len(composed.encode("utf-8", "surrogatepass")) > 1024 or not is_text(password)
        return
    assert len(composed) >= 6
    assert len(composed.encode()) <= 1024
    for same in {password, composed, unicodedata.normalize("NFD", password)}:
        assert logs_in(service, same), ascii(same)
    for other in [one_change(password, data), one_change(password, data), f" {password}", f"{password} ", password * 2]:
        if unicodedata.normalize("NFC", other) != composed:
            assert not logs_in(service, other), ascii(other)


def is_text(password: str) -> bool:
    """Returns whether every store can hold it."""
    return not any(c == "\0" or 0xD800 <= ord(c) <= 0xDFFF for c in password)


@given(password=st.one_of(passwords, texts), data=st.data())
def test_an_accepted_password_and_no_other_opens_the_account(
    service: Service, password: str, data: st.DataObject
) -> None:
    check_password(service, password, data)


@settings(max_examples=25)
@given(password=passwords, data=st.data())
def test_it_is_so_with_bcrypt_too(real: Service, password: str, data: st.DataObject) -> None:
    check_password(real, password, data)


@settings(max_examples=60)
@given(old=passwords, new=st.one_of(passwords, texts))
@example(old="x" * 72 + "old", new="x" * 72 + "new")
def test_a_change_of_password_is_whole_or_not_at_all(service: Service, old: str, new: str) -> None:
    service.start_over()
    answer = service.post("signup", ALICE | {"password": old})
    if check_answer(answer) is not None:
        return
    token = answer.json()["token"]
    code = check_answer(service.post("change-password", {"current_password": old, "password": new}, token))
    is_changed = code is None
    assert logs_in(service, new if is_changed else old)
    if unicodedata.normalize("NFC", new) != unicodedata.normalize("NFC", old):
        assert not logs_in(service, old if is_changed else new)
