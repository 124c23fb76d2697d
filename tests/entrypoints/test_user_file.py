"""Files of accounts: what each line says, and what is told of a line that cannot be read."""

from io import BytesIO

import pytest

from leadnator_auth.entrypoints.cli.user_file import Entry, FileError, FileFormat, UserFile, format_of

HEADER = b"name,email,password_hash\n"
CSV, NDJSON = FileFormat.CSV, FileFormat.NDJSON


def entries(content: bytes, file_format: FileFormat) -> list[Entry]:
    source = UserFile(BytesIO(content), file_format)
    found = list(source)
    assert source.bytes_read == len(content)
    return found


def record(email: str) -> dict[str, object]:
    return {"name": "A", "email": email, "password_hash": "$2b$"}


def test_csv_is_read_by_its_header() -> None:
    assert entries(b"email,extra,password_hash,name\na@b.c,x,$2b$,A\n", CSV) == [
        Entry(2, {"email": "a@b.c", "extra": "x", "password_hash": "$2b$", "name": "A"})
    ]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_the_first_line_may_have_a_mark_and_the_last_one_no_end(newline: bytes) -> None:
    csv = newline.join([b"\xef\xbb\xbfname,email,password_hash", b"A,1@b.c,$2b$", b"", b'"A","2@b.c",$2b$'])
    assert entries(csv, CSV) == [Entry(2, record("1@b.c")), Entry(4, record("2@b.c"))]
    one = b'{"name":"A","email":"1@b.c","password_hash":"$2b$"}'
    json = newline.join([b"\xef\xbb\xbf" + one, b"", one.replace(b"1", b"2")])
    assert entries(json, NDJSON) == [Entry(1, record("1@b.c")), Entry(3, record("2@b.c"))]


def test_an_entry_over_several_lines_is_numbered_by_its_first() -> None:
    found = entries(HEADER + b'"A\nB",1@b.c,$2b$\nA,2@b.c,$2b$\n', CSV)
    assert [(entry.line, entry.record["name"]) for entry in found] == [(2, "A\nB"), (4, "A")]


def test_what_is_short_of_fields_lacks_the_last_ones() -> None:
    assert entries(HEADER + b"A,a@b.c\n", CSV) == [Entry(2, {"name": "A", "email": "a@b.c"})]


@pytest.mark.parametrize("line", [b'A,"a@b.c"x,$2b$', b"A,a@b.c,$2b$,more", b"A," + b"x" * 70_000])
def test_a_bad_line_of_csv_is_told_and_the_rest_is_read(line: bytes) -> None:
    found = entries(HEADER + b"A,1@b.c,$2b$\n" + line + b"\nA,2@b.c,$2b$\n", CSV)
    assert sorted(entry.line for entry in found) == [2, 3, 4]
    assert [entry.record for entry in found if not entry.problem] == [record("1@b.c"), record("2@b.c")]
    assert all(entry.problem.endswith(".") for entry in found if entry.problem)


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"null",
        b'"text"',
        b'{"name":1,"name":2}',
        b'{"name":NaN}',
        b'{"name":"\xff"}',
        b"{" * 5000,
        b'{"n":' + b"1" * 5000 + b"}",
        b'{"n":"' + b"x" * 70_000 + b'"}',
    ],
    ids=range(10),
)
def test_a_bad_line_of_json_is_told_and_the_rest_is_read(line: bytes) -> None:
    good = b'{"name":"A","email":"1@b.c","password_hash":"$2b$"}\n'
    found = entries(good + line + b"\n" + good, NDJSON)
    assert sorted(entry.line for entry in found) == [1, 2, 3]
    assert [bool(entry.problem) for entry in sorted(found, key=lambda entry: entry.line)] == [False, True, False]


def test_bytes_that_are_no_text_reach_the_core_as_what_it_refuses() -> None:
    (entry,) = entries(HEADER + b"A\xff,a@b.c,$2b$\n", CSV)
    assert entry.record["name"] == "A\udcff"


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (b"", "lacks name, email, password_hash"),
        (b"name,email\nA,a@b.c\n", "lacks password_hash"),
        (b"Name;Email;Password_Hash\n", "lacks"),
        ("name,email,password_hash\n".encode("utf-16"), "lacks"),
        (b"name,email,password_hash,name\n", "twice"),
        (b'name,"email"x,password_hash\n', "no header"),
    ],
)
def test_a_header_that_says_too_little_ends_it_all(header: bytes, what: str) -> None:
    with pytest.raises(FileError, match=what) as refused:
        list(UserFile(BytesIO(header), CSV))
    assert str(refused.value).isprintable()


def test_a_file_of_nothing_has_no_entries() -> None:
    assert entries(HEADER, CSV) == entries(b"", NDJSON) == entries(b"\n\n", NDJSON) == []


@pytest.mark.parametrize(
    ("name", "beginning", "expected"),
    [
        ("users.csv", b"{", CSV),
        ("users.CSV", b"", CSV),
        ("users.ndjson", b"name", NDJSON),
        ("users.jsonl", b"", NDJSON),
        ("<stdin>", b'{"name"', NDJSON),
        ("<stdin>", b'\xef\xbb\xbf \n{"name"', NDJSON),
        ("<stdin>", b"name,email", CSV),
        ("users", b"", CSV),
    ],
)
def test_the_format_shows_in_the_name_or_in_the_content(name: str, beginning: bytes, expected: FileFormat) -> None:
    assert format_of(name, beginning) is expected
