"""500 lines of each kind of broken file: what was added, was there, was refused or blank is all there was."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leadnator_auth.entrypoints.cli import main
from tests.adapters.hashes import plain_hash

LINES = 500
HASH = plain_hash("secret")
CSV_HEADER = b"name,email,password_hash,plan"
GOOD, REFUSED, BLANK = "good", "refused", "blank"
Break = Callable[[bytes, random.Random], bytes]


def csv_line(email: str) -> bytes:
    return f'"A, ""B""",{email},{HASH},Growth'.encode()


def json_line(email: str) -> bytes:
    return json.dumps({"name": "A", "email": email, "password_hash": HASH, "plan": "Growth"}).encode()


def with_something(*something: bytes) -> Break:
    """Puts one of these between two bytes of the name, which is quoted in both formats."""
    return lambda line, chance: line.replace(b"A", b"A" + chance.choice(something), 1)


CSV_KINDS: dict[str, Break] = {
    "a lone quote": lambda line, chance: chance.choice(
        [b'"' + line, line + b'"', line.replace(b"@", b'"@'), line.replace(b",Gr", b',"Gr'), b'"', b'"""']
    ),
    "NUL": lambda line, chance: chance.choice([line.replace(b"A", b"\0"), b"\0", line.replace(b"@", b"\0@")]),
    "too few fields": lambda line, chance: chance.choice([line.rpartition(b",")[0], b"x", b"   ", b'""', b"A,a@b.c"]),
    "too many fields": lambda line, chance: line + b"," * chance.randint(1, 9),
    "no UTF-8": lambda line, chance: with_something(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88")(line, chance),
    "too long": lambda line, chance: with_something(b"x" * 70_000, b"\xc3" * 200_000, b'"' * 65_537)(line, chance),
    "another delimiter": lambda line, chance: line.replace(b",", chance.choice([b";", b"\t"])),
    "a carriage return": lambda line, chance: chance.choice([line.replace(b",", b"\r,", 1), b"A\rB" + line]),
    "fields over several lines": lambda line, chance: with_something(b"\n", b"\r\n", b"\n\n")(line, chance),
    "no hash": lambda line, chance: line.replace(HASH.encode(), chance.choice([b"", b"secret", HASH[:-1].encode()])),
}
JSON_KINDS: dict[str, Break] = {
    "a lone quote": lambda line, chance: chance.choice([b'"' + line, line + b'"', line.replace(b'"', b"", 1), b'"']),
    "NUL": lambda line, chance: chance.choice([line.replace(b"A", b"\\u0000"), b"\0" + line, b"\0"]),
    "cut off": lambda line, chance: line[: chance.randint(1, len(line) - 1)],
    "no object": lambda line, chance: chance.choice([b"[" + line + b"]", b"null", b"1", b'"text"', b"[", b"]"]),
    "no UTF-8": with_something(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88"),
    "too long": with_something(b"x" * 70_000, b"\xc3" * 200_000),
    "a name twice": lambda line, chance: line.replace(b"{", b'{"email": "x@y.zz", ', 1),
    "two on a line": lambda line, chance: line + chance.choice([b"", b" ", b","]) + line,
    "over several lines": with_something(b"\n", b"\r\n"),
    "numbers": lambda line, chance: line.replace(
        b'"A"', chance.choice([b"NaN", b"1e999", b"1" * 5000, b"[[1]]", b"1"])
    ),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """Runs the command, over one database."""
    folder = tmp_path_factory.mktemp("accounts")

    def run(name: str, content: bytes, *options: str) -> Result:
        file = Path(folder) / name
        file.write_bytes(content)
        database = {"LEADNATOR_DATABASE_URL": f"sqlite:///{folder}/leadnator.db"}
        return CliRunner(env=database).invoke(main, ["users", "import", "--json", str(file), *options])

    return run


def broken_lines(kind: str, line_of: Callable[[str], bytes], damage: Break) -> tuple[list[bytes], list[str]]:
    """Returns lines, some of them broken, and what should become of each."""
    chance = random.Random(kind)
    lines: list[bytes] = []
    expected: list[str] = []
    while len(lines) < LINES:
        fate = chance.choices([GOOD, REFUSED, BLANK], [10, 5, 1])[0]
        line = (
            b"" if fate is BLANK else line_of(f"{len(lines)}-{line_of.__name__}-{kind.replace(' ', '.')}@example.com")
        )
        parts = (damage(line, chance) if fate is REFUSED else line).split(b"\n")
        lines += parts
        expected += [fate if part.rstrip(b"\r") else BLANK for part in parts]
    return lines, expected


def check(result: Result, expected: list[str], *, first: int, fate: str) -> None:
    *refused, account = map(json.loads, result.stdout.splitlines())
    assert [each["line"] for each in refused] == [n for n, each in enumerate(expected, first) if each is REFUSED]
    assert all(error["message"] for each in refused for error in each["errors"])
    counts = {"added": 0, "present": 0} | {fate: expected.count(GOOD), "refused": expected.count(REFUSED)}
    assert account == counts | {"next_line": len(expected) + first, "blank": expected.count(BLANK)}
    assert sum(counts.values()) + account["blank"] == len(expected)
    assert result.exit_code == 1


@pytest.mark.parametrize("kind", CSV_KINDS)
def test_every_line_of_broken_csv_is_accounted_for(run: Callable[..., Result], kind: str) -> None:
    lines, expected = broken_lines(kind, csv_line, CSV_KINDS[kind])
    check(run("users.csv", b"\n".join([CSV_HEADER, *lines, b""])), expected, first=2, fate="added")
    check(run("users.csv", b"\r\n".join([CSV_HEADER, *lines, b""])), expected, first=2, fate="present")


@pytest.mark.parametrize("kind", JSON_KINDS)
def test_every_line_of_broken_json_is_accounted_for(run: Callable[..., Result], kind: str) -> None:
    lines, expected = broken_lines(kind, json_line, JSON_KINDS[kind])
    check(run("users.ndjson", b"\n".join([*lines, b""])), expected, first=1, fate="added")
    check(run("users.ndjson", b"\r\n".join([*lines, b""])), expected, first=1, fate="present")


def test_going_on_from_a_line_tells_what_it_passes_over(run: Callable[..., Result]) -> None:
    lines = [CSV_HEADER, *(csv_line(f"{n}@from.example") for n in range(10))]
    content = b"\n".join(lines)
    account = json.loads(run("users.csv", content, "--from-line", "9").stdout)
    assert account == {"added": 3, "present": 0, "refused": 0, "next_line": 12, "passed_over": 7}
    assert run("users.csv", content, "--from-line", "12").exit_code == 0, "that is where the last run said to go on"
    beyond = run("users.csv", content, "--from-line", "13")
    assert beyond.exit_code == 1
    assert "ends with line 11" in beyond.stderr
    assert json.loads(beyond.stdout)["next_line"] == 12


def test_going_on_in_the_middle_of_an_entry_is_refused(run: Callable[..., Result]) -> None:
    content = CSV_HEADER + b'\n"A\nB",a@several.example,' + HASH.encode() + b",x\n"
    result = run("users.csv", content, "--multiline", "--from-line", "3")
    assert result.exit_code == 1
    assert "line 3 is in the middle of what begins on line 2" in result.stderr
    whole = run("users.csv", content, "--multiline")
    assert json.loads(whole.stdout.splitlines()[0])["last_line"] == 3


@pytest.mark.parametrize(
    "options",
    [
        ["--columns", "nmae=Name"],
        ["--columns", "name"],
        ["--columns", "name=A,name=B"],
        ["--columns", "name=A,email=A"],
        ["--columns", "name=email"],
        ["--delimiter", "ab"],
        ["--delimiter", '"'],
        ["--firebase-signer-key", "AAAA"],
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(run: Callable[..., Result], options: list[str]) -> None:
    done = run("users.csv", CSV_HEADER, *options)
    assert (done.exit_code, done.stdout) == (2, "")
    assert options[0] in done.stderr or "--firebase-" in done.stderr
