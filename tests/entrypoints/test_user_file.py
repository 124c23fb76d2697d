"""Files of accounts: what each line says, and what is told of a line that cannot be read."""

from io import BytesIO

import pytest

from leadnator_auth.entrypoints.cli.user_file import Entry, FileError, FileFormat, Layout, UserFile, format_of

HEADER = b"name,email,password_hash\n"
CSV, NDJSON = FileFormat.CSV, FileFormat.NDJSON


def entries(content: bytes, file_format: FileFormat, layout: Layout = Layout()) -> list[Entry]:
    source = UserFile(BytesIO(content), file_format, layout)
    found = list(source)
    assert source.bytes_read == len(content)
    return found


def record(email: str) -> dict[str, object]:
    return {"name": "A", "email": email, "password_hash": "$2b$"}


def test_csv_is_read_by_its_header() -> None:
    assert entries(b"email,extra,password_hash,name\na@b.c,x,$2b$,A\n", CSV) == [Entry(2, record("a@b.c"))]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_the_first_line_may_have_a_mark_and_the_last_one_no_end(newline: bytes) -> None:
    csv = newline.join([b"\xef\xbb\xbfname,email,password_hash", b"A,1@b.c,$2b$", b"", b'"A","2@b.c",$2b$'])
    assert entries(csv, CSV) == [Entry(2, record("1@b.c")), Entry(4, record("2@b.c"))]
    one = b'{"name":"A","email":"1@b.c","password_hash":"$2b$"}'
    json = newline.join([b"\xef\xbb\xbf" + one, b"", one.replace(b"1", b"2")])
    assert entries(json, NDJSON) == [Entry(1, record("1@b.c")), Entry(3, record("2@b.c"))]


SEVERAL = Layout(multiline=True)


def test_where_it_is_said_an_entry_over_several_lines_is_numbered_by_its_first() -> None:
    content = HEADER + b'"A\nB",1@b.c,$2b$\r\nA,2@b.c,$2b$\n'
    found = entries(content, CSV, SEVERAL)
    assert [(entry.line, entry.lines, entry.record["name"]) for entry in found] == [(2, 2, "A\nB"), (4, 1, "A")]
    assert [(entry.line, bool(entry.problem)) for entry in entries(content, CSV)] == [(2, True), (3, True), (4, False)]
    assert "--multiline" in (entries(content, CSV)[0].problem or "")


@pytest.mark.parametrize("layout", [Layout(), SEVERAL])
@pytest.mark.parametrize("last", [b"", b'A,9@b.c,"$2b$\n', b'"A,9@b.c,$2b$\n', b'A,"9"@b.c,$2b$\n'])
def test_a_quote_that_is_not_closed_takes_no_other_line(layout: Layout, last: bytes) -> None:
    good = b"".join(b"A,%d@b.c,$2b$\n" % number for number in range(300))
    found = entries(HEADER + b'"A,x@b.c,$2b$\n' + good + last, CSV, layout)
    assert [entry.line for entry in found if entry.problem] == [2, 303][: 1 + bool(last)]
    assert [entry.record["email"] for entry in found if not entry.problem] == [f"{n}@b.c" for n in range(300)]


def test_an_entry_over_several_lines_is_not_longer_than_a_line_may_be() -> None:
    long = b'"' + b"".join(b"%s\n" % (b"x" * 1000) for _ in range(70)) + b'",a@b.c,$2b$\n'
    found = entries(HEADER + long, CSV, SEVERAL)
    assert [entry.line for entry in found] == list(range(2, 73)), "each of them is told"
    assert all(entry.problem for entry in found)


@pytest.mark.parametrize("line", [b"A,a@b.c", b"A", b"A,a@b.c,$2b$,", b"   "])
def test_a_line_has_as_many_fields_as_the_header(line: bytes) -> None:
    (entry,) = entries(HEADER + line + b"\n", CSV)
    assert "fields" in (entry.problem or "")


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
        (b"Name;E-Mail;Password_Hash\n", "lacks email"),
        ("name,email,password_hash\n".encode("utf-16-le"), "byte-order mark"),
        ("name,email,password_hash\n".encode("utf-32"), "byte-order mark"),
        (b"name,email,password_hash\rA,a@b.c,$2b$\r", "LF or CRLF"),
        ("name,email,password_hash\r\n".encode("utf-16-le"), "byte-order mark"),
        (b"\x1f\x8b\x08\x00", "is compressed"),
        (b"PK\x03\x04\x14\x00", "is compressed"),
        (b"Name,name,NAME,email,password_hash,password_hash\n", "twice: password_hash"),
        (b"Name,NAME,email,password_hash\n", "twice: Name, NAME"),
        (b"x" * 70_000 + b",name,email,password_hash\n", "too long"),
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_is_read_as_people_have_it(encoding: str, delimiter: str, newline: str) -> None:
    lines = ["Name,Email,Password_Hash,Role", "\u010c\U0001f600,1@b.c,$2b$,user", "", '"A ""B""",2@b.c,$2b$,']
    content = newline.join(lines).replace(",", delimiter).encode(encoding)
    assert [(entry.line, entry.record) for entry in entries(content, CSV)] == [
        (2, record("1@b.c") | {"name": "\u010c\U0001f600", "role": "user"}),
        (4, record("2@b.c") | {"name": 'A "B"', "role": ""}),
    ]


def test_utf_16_comes_in_both_orders_and_json_in_it_too() -> None:
    text = '\ufeff{"name":"\u010c","email":"1@b.c","password_hash":"$2b$"}\r\n\r\n{}\n'
    for encoding in ("utf-16-le", "utf-16-be"):
        found = entries(text.encode(encoding), NDJSON)
        assert found == [Entry(1, record("1@b.c") | {"name": "\u010c"}), Entry(3, {})]


def test_half_a_character_of_utf_16_is_refused_where_it_is() -> None:
    good = "A,1@b.c,$2b$\n".encode("utf-16-le")
    content = "\ufeffname,email,password_hash\n".encode("utf-16-le") + b"\x00\xd8" + good + good + b"A"
    first, second, third = entries(content, CSV)
    assert not str(first.record["name"]).isprintable()
    assert second.record == record("1@b.c")
    assert third.problem


def test_fields_may_have_other_names() -> None:
    layout = Layout({"name": "Full Name", "email": "E-Mail", "password_hash": "hash"})
    csv = b"name,Full name,E-Mail,hash\nnot this,A,a@b.c,$2b$\n"
    assert entries(csv, CSV, layout) == [Entry(2, record("a@b.c"))]
    json = b'{"name":"not this","Full Name":"A","E-Mail":"a@b.c","hash":"$2b$"}\n'
    assert entries(json, NDJSON, layout) == [Entry(1, record("a@b.c"))]
    with pytest.raises(FileError, match="lacks Mail"):
        entries(csv, CSV, Layout({"email": "Mail"}))


def test_what_is_not_read_is_told() -> None:
    source = UserFile(BytesIO(b"name,email,password_hash,created-at,id\n"), CSV)
    assert list(source) == []
    assert list(source.ignored) == ["created-at", "id"]
    source = UserFile(BytesIO(b'{"nmae":1,"email":"a"}\n{"id":2}\n'), NDJSON)
    list(source)
    assert list(source.ignored) == ["nmae", "id"]


def test_what_a_spreadsheet_would_have_computed_is_as_it_was() -> None:
    (entry,) = entries(HEADER + b"'=A,'+a@b.c,$2b$\n", CSV)
    assert (entry.record["name"], entry.record["email"]) == ("=A", "+a@b.c")


def test_metadata_is_json_in_a_cell() -> None:
    header, cells = b"name,email,password_hash,user_metadata,app_metadata\n", b"A,a@b.c,$2b$,"
    metadata = {"user_metadata": {"a": [1, "b,c"]}, "app_metadata": ""}
    csv = header + cells + b'"{""a"":[1,""b,c""]}",\n'
    assert entries(csv, CSV) == [Entry(2, {**record("a@b.c"), **metadata})]
    for bad in (b"[1]", b"dark", b'"{""a"":1,""a"":2}"'):
        (entry,) = entries(header + cells + bad + b",\n", CSV)
        assert isinstance(entry.record["user_metadata"], str), "the core says what is wrong with it"
