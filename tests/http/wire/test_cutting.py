"""One request ends and the next begins in the same place, however the bytes are cut into packets."""

import pytest

from leadnator_auth.entrypoints.server.wire.bodies import MAX_SIZE_LINE_BYTES, MAX_TRAILER_BYTES
from leadnator_auth.entrypoints.server.wire.framing import MAX_HEAD_BYTES, Framing
from leadnator_auth.entrypoints.server.wire.refusing import Reason, RefusedError
from tests.http.wire.hostile import GET, POST, UNFINISHED

CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
COUNTED = POST + b"Content-Length: 20\r\n\r\nGET / HTTP/1.1\r\n\r\nXY"
TRICKY_CHUNK = b"\r\n\r\n0\r\n\r\n"
STREAM = (
    (GET + b"\r\n" + COUNTED + b"\r\n")
    + (CHUNKED + b"005;a=b\r\nhello\r\n" + b'9 ; q="x"\r\n' + TRICKY_CHUNK + b"\r\n")
    + (b"0;last\r\nX-Trailer: a\r\nContent-Length: 7\r\n\r\n" + GET + b"\r\n")
)
FED = [
    GET + b"\r\n",
    COUNTED,
    CHUNKED + b"5\r\nhello\r\n" + b"9\r\n" + TRICKY_CHUNK + b"\r\n" + b"0\r\n\r\n",
    GET + b"\r\n",
]


def fed_of(packets: list[bytes]) -> list[bytes]:
    """Returns what the parser gets of each request."""
    framing = Framing()
    requests: list[bytes] = []
    for packet in packets:
        framing.push(packet)
        while True:
            begins = not framing.is_in_body
            part = framing.pull()
            if not part:
                break
            requests[-1 if not begins else len(requests) :] = [part if begins else requests[-1] + part]
    assert framing.is_empty
    assert not framing.is_in_body
    return requests


@pytest.mark.parametrize("size", [*range(1, 20), len(STREAM)])
def test_packets_make_no_difference(size: int) -> None:
    assert fed_of([STREAM[start : start + size] for start in range(0, len(STREAM), size)]) == FED


def test_one_cut_anywhere_makes_no_difference() -> None:
    for cut in range(len(STREAM)):
        assert fed_of([STREAM[:cut], STREAM[cut:]]) == FED


@pytest.mark.parametrize(
    "chunks",
    [
        b"x\r\n",
        b"\r\n",
        b"-5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"5_0\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\nhello\r\n",
        b"5;a\nb\r\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
        b"5;a\0\r\nhello\r\n",
        b"5\r\nhelloX",
        b"5\r\nhello\n",
        b"5\r\nhello\rX",
        b"5\r\nhello0\r\n\r\n",
        b"0000000000000005\r\nhello\r\n",
        b"ffffffffffffffff\r\n",
        b"5;" + b"a" * MAX_SIZE_LINE_BYTES,
        b"0\r\n Folded: a\r\n\r\n",
        b"0\r\nX-A : a\r\n\r\n",
        b"0\r\nX-A: a\0\r\n\r\n",
        b"0\r\nX-A: a\nX-B: c\r\n\r\n",
        b"0\r\nGET / HTTP/1.1\r\n\r\n",
        b"0\r\nX-A: " + b"a" * MAX_TRAILER_BYTES,
    ],
)
def test_bad_chunks_are_refused(chunks: bytes) -> None:
    for packets in ([CHUNKED + chunks], [CHUNKED, *(bytes([byte]) for byte in chunks)]):
        with pytest.raises(RefusedError) as refused:
            fed_of(packets)
        assert refused.value.reason is Reason.BAD_CHUNK


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_never_becomes_a_head_is_refused_at_once(name: str) -> None:
    start = UNFINISHED[name]
    for packets in ([start], [bytes([byte]) for byte in start]):
        with pytest.raises(RefusedError) as refused:
            fed_of(packets)
        assert refused.value.reason is Reason.BAD_BYTES


def test_a_head_of_64_kib_is_taken() -> None:
    head = GET + b"X-A: " + b"a" * (MAX_HEAD_BYTES - len(GET) - 9) + b"\r\n\r\n"
    assert len(head) == 64 * 1024
    assert fed_of([head]) == [head]


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_one_byte_more_is_refused_whether_or_not_it_is_the_last(end: bytes) -> None:
    head = GET + b"X-A: " + b"a" * (MAX_HEAD_BYTES + 1 - len(GET) - 5 - len(end)) + end
    with pytest.raises(RefusedError) as refused:
        fed_of([head])
    assert refused.value.reason is Reason.HEAD_TOO_LARGE


def test_empty_lines_do_not_go_round_the_limit() -> None:
    with pytest.raises(RefusedError):
        fed_of([b"\r\n"] * 3 + [GET + b"\r\n"])
