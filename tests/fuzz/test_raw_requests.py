"""Bytes and credentials of any kind: what cannot be understood is refused, and no token but the real one lets in."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz.service import ALICE, FIELDS, Service, check_answer
from tests.fuzz.strategies import json_values, texts

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

PLAIN = st.characters(codec="latin-1", exclude_characters="\r\n\0")
MEDIA_TYPES = [
    b"application/json",
    b"application/json; charset=utf-8",
    b"application/json; charset=\xff",
    b"text/plain",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x",
    b"",
    b";",
]
media_types = st.one_of(st.sampled_from(MEDIA_TYPES), st.binary(max_size=20))
bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(lambda written: written.encode("utf-8", "surrogatepass")),
    st.builds(
        lambda content, place, byte: content[:place] + byte + content[place:],
        st.sampled_from([json.dumps(fields).encode() for fields in FIELDS.values()]),
        st.integers(0, 60),
        st.binary(max_size=3),
    ),
)
schemes = st.sampled_from(["Bearer ", "bearer  ", "BEARER\t", "Basic ", "Bearer", "Bearer Bearer ", "Token ", ""])
with_scheme = st.builds(lambda scheme, rest: (scheme + rest).encode("latin-1"), schemes, st.text(PLAIN))


@pytest.mark.parametrize("path", [f"/api/auth/{call}" for call in FIELDS] + ["/api/auth/logout", "/reset-password"])
@settings(max_examples=80)
@given(content=bodies, media_type=media_types, encoding=st.sampled_from([None, b"gzip", b"\xff", b""]))
def test_any_bytes_are_refused_or_served(
    service: Service, path: str, content: bytes, media_type: bytes, encoding: bytes | None
) -> None:
    service.start_over()
    token = service.sign_up()
    headers = [(b"Content-Type", media_type), (b"Authorization", f"Bearer {token}".encode())]
    headers += [(b"Content-Encoding", encoding)] if encoding is not None else []
    answer = service.send("POST", path, content, headers)
    assert answer.status_code < 500, answer.text
    assert service.users[0].email.typed == ALICE["email"]
    if path != "/reset-password":
        check_answer(answer)


@settings(max_examples=300)
@given(
    header=st.one_of(st.binary(max_size=60), st.builds(lambda s, t: (s + t).encode("latin-1"), schemes, st.text(PLAIN)))
)
@example(header=b"Bearer " + b"x" * 10_000)
@example(header=b"Bearer " + b"." * 9_000)
def test_any_authorization_is_refused(service: Service, header: bytes) -> None:
    code = check_answer(service.send("GET", "/api/auth/me", headers=[(b"Authorization", header)]))
    assert code in ("missing_token", "invalid_token")


@settings(max_examples=300)
@given(query=st.one_of(st.binary(max_size=40), texts.map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_any_token_in_the_query_is_refused(service: Service, query: bytes) -> None:
    escaped = "".join(f"%{byte:02X}" for byte in query)
    for spelling in (escaped, f"{escaped}&token=", f"{escaped}&token={escaped}"):
        answer = service.send("GET", f"/api/auth/me?token={spelling}", headers={})
        assert answer.status_code in (400, 401), answer.text
        assert check_answer(answer) in ("missing_token", "invalid_token", "invalid_request")


@settings(max_examples=300)
@given(data=st.data())
def test_no_change_of_a_token_lets_in(service: Service, data: st.DataObject) -> None:
    """But for the last character: base64 has two bits to spare there, and both spellings are the same signature."""
    service.start_over()
    token = service.sign_up()
    place = data.draw(st.integers(0, len(token) - 2))
    other = data.draw(st.text(PLAIN, max_size=3).filter(lambda text: text != token[place]))
    changed = token[:place] + other + token[place + 1 :]
    answer = service.send("GET", "/api/auth/me", headers=[(b"Authorization", f"Bearer {changed}".encode("latin-1"))])
    assert check_answer(answer) == "invalid_token"
    assert service.me(token)["email"] == ALICE["email"]
