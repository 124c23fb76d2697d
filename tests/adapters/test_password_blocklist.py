"""Lists of passwords that nobody may choose: the one that is built in, and files of operators."""

import re
from pathlib import Path

import pytest

from leadnator_auth.adapters import password_blocklist
from leadnator_auth.adapters.password_blocklist import COMMON, BlocklistError, common_passwords, passwords_in
from leadnator_auth.domain import BadFieldError, PasswordPolicy
from leadnator_auth.domain.values.password import comparable

CONTRACT = ["minimum-6-chars", "new-password"]
"""The passwords in the examples of the source document."""
NOTORIOUS = ["123456", "password", "qwerty", "iloveyou", "letmein", "dragon", "michael", "P@ssw0rd", "QWERTY123"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a list of an operator's may be."""
    return tmp_path / "list.txt"


def test_the_built_in_list_has_three_thousand_that_could_be_chosen_otherwise() -> None:
    lines = COMMON.read_text("utf-8").splitlines()
    assert len(lines) == len(set(lines)) == len(common_passwords()) == 3_000
    assert set(lines) == common_passwords()
    assert all(PasswordPolicy().choose(line).text == line == comparable(line) for line in lines)
    assert lines[0] == "123456", "the most used comes first"


def test_it_names_where_it_comes_from_and_on_which_terms() -> None:
    origin = COMMON.with_name("ORIGIN.md").read_text("utf-8")
    for told in ("Django", "Royce Williams", "Pwned Passwords", "BSD-3-Clause", "Redistributions"):
        assert told in origin


@pytest.mark.parametrize("password", NOTORIOUS)
def test_what_everybody_tries_first_is_in_it(password: str) -> None:
    with pytest.raises(BadFieldError) as refused:
        PasswordPolicy(blocklist=common_passwords()).choose(password)
    assert refused.value.code == "common_password"


@pytest.mark.parametrize("password", CONTRACT)
def test_the_examples_of_the_source_document_pass(password: str) -> None:
    assert PasswordPolicy(blocklist=common_passwords()).choose(password).text == password


@pytest.mark.parametrize(
    "content",
    [
        b"Secret\nhunter2\n",
        b"Secret\r\nhunter2",
        b"\xef\xbb\xbfsecret\n\n\nHUNTER2\n",
        "\uff33ecret\nhunter\u00b2\n".encode(),
    ],
    ids=["lines", "of Windows", "byte-order mark", "wide letters"],
)
def test_a_file_has_a_password_a_line(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert passwords_in(file) == {"secret", "hunter2"}


def test_a_password_may_have_anything_else_in_it(file: Path) -> None:
    file.write_text("# secret\n  blanks \nlettre d\u2019amour\u2028\tx\nstra\u00dfe\n", "utf-8")
    assert passwords_in(file) == {"# secret", "  blanks ", comparable("lettre d\u2019amour\u2028\tx"), "strasse"}


def test_an_empty_file_is_an_empty_list(file: Path) -> None:
    file.touch()
    assert passwords_in(file) == frozenset()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"secret\ncaf\xe9\n", "its line 2 is not UTF-8"),
        ("geheim\n".encode("utf-16"), "its line 1 is not UTF-8"),
        (b"\x1f\x8b\x08\x00gz", "its line 1 is not UTF-8"),
    ],
    ids=["Latin-1", "UTF-16", "compressed"],
)
def test_what_is_not_utf_8_is_told_with_its_line(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(BlocklistError, match=f"^{re.escape(says)}$"):
        passwords_in(file)


def test_what_is_huge_or_not_there_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_blocklist, "MAX_FILE_BYTES", 2 * 2**20)
    file.write_bytes(b"x" * 2 * 2**20)
    assert len(passwords_in(file)) == 1
    file.write_bytes(b"x" * 2 * 2**20 + b"\n")
    with pytest.raises(BlocklistError, match="more than 2 MiB"):
        passwords_in(file)
    file.unlink()
    with pytest.raises(BlocklistError, match="cannot be read: No such file"):
        passwords_in(file)
