"""Fields as attackers disguise them, by the permutations that are published with research on request smuggling
(PortSwigger's http-request-smuggler, defparam's smuggler, narfindustries' http-garden) and in the suites of parsers
(llhttp, h1spec): facts about bytes, put together anew.
"""

from collections.abc import Iterator

FIELDS: dict[bytes, bytes] = {
    b"Content-Length": b"5",
    b"Transfer-Encoding": b"chunked",
    b"Expect": b"100-continue",
    b"Connection": b"close",
    b"Proxy-Connection": b"close",
    b"Host": b"auth.test",
    b"Content-Type": b"application/json",
    b"Authorization": b"Bearer a.b.c",
    b"X-Any": b"value",
}
"""Those that decide how a request is read, with a harmless value; and one that decides nothing."""

ODD_BYTES = [bytes([byte]) for byte in (*range(0x21), *b"\"',.:;\\_", 0x7F, 0x80, 0x82, 0x85, 0x96, 0xA0, 0xAD, 0xFF)]
_WRAPS = (b"\r\n ", b"\r\n\t", b"\n ", b"\n\t", b"\r ", b"\n\x0b", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\r\n\r")
_OTHER_VALUES: dict[bytes, tuple[bytes, ...]] = {
    b"Content-Length": (
        *(b"0", b"05", b"000000000000000005", b"-5", b"+5", b"0x5", b"5_0", b"1_0", b"5 5", b"5,5", b"5, 5", b"5;5"),
        *(b"5.0", b"5e0", b"1e1", b"5Z", b"Z", b"-0", b"\xd9\xa5", b"4294967301", b"18446744073709551621"),
        *(b"9" * 18, b"9" * 19, b"1" + b"0" * 30, b"chunked"),
    ),
    b"Transfer-Encoding": (
        *(b"CHUNKED", b"cHuNkeD", b"chunk", b"xchunked", b"chunkedx", b"identity", b"gzip", b"chunked, identity"),
        *(b"identity, chunked", b"identity, chunked, identity", b"cow, chunked", b"chunked, cow", b"cow chunked bar"),
        *(b",chunked", b"chunked,", b", chunked", b"chunked, chunked", b"chunked;q=1", b"chunked;a=b", b"5"),
        *(b"gzip, chunked", b"chunked\xa0", b"\xa0chunked", b"ch\x96nked", b"%63hunked"),
    ),
    b"Expect": (
        *(b"100-Continue", b"100-CONTINUE", b"100", b"100-continue, x", b"x, 100-continue", b"x 100-continue"),
        *(b"100-continue;a=b", b"100-continue,", b",100-continue", b"100-continue, 100-continue", b"200-ok"),
    ),
    b"Connection": (
        *(
            b"Close",
            b"CLOSE",
            b"keep-alive",
            b"Keep-Alive",
            b"close, x",
            b"x, close",
            b"x close",
            b"close x",
            b"close;x",
        ),
        *(b"close,", b",close", b" , close", b"close\t,x", b"x\t,close", b"x,\tclose", b"keep-alive, close"),
        *(b"close, keep-alive", b"xclose", b"closex", b"clo\tse", b"upgrade", b"close, token, upgrade, keep-alive"),
        *(b"Content-Length", b"Transfer-Encoding", b"Host", b"close, Content-Length"),
    ),
    b"Host": (
        *(b"auth.test:80", b"auth.test:", b"auth.test:x", b"auth.test:1:2", b"[::1]", b"[::1]:80", b"[::1", b"a/b"),
        *(b"a@b", b"a,b", b"a b", b"a?b", b"a#b", b"a\\b", b"foo/bar", b"127.0.0.1", b"a..b", b"-", b"<x>"),
    ),
    b"Content-Type": (b"text/plain", b"application/json, text/plain", b"application/json; charset=utf-16"),
    b"Authorization": (b"Basic YTpi", b"Bearer", b"Bearer a.b.c, Bearer d.e.f"),
}


def disguises(name: bytes, value: bytes) -> Iterator[bytes]:
    """Returns the lines that a field is written as, each without its line end; the first is plain."""
    yield name + b": " + value
    for odd in ODD_BYTES:
        yield from _with(name, value, odd)
    for wrap in _WRAPS:
        yield from (
            name + b":" + wrap + value,
            name + wrap + b": " + value,
            name + b": " + value + wrap,
            b"X-Foo: bar" + wrap + name + b": " + value,
            name[:3] + wrap + name[3:] + b": " + value,
            name + b": " + value[:1] + wrap + value[1:],
        )
    yield from _spelled(name, value)
    yield from _repeated(name, value)


def _with(name: bytes, value: bytes, odd: bytes) -> Iterator[bytes]:
    """Returns the lines with an odd byte somewhere."""
    middle = len(value) // 2
    yield from (
        odd + name + b": " + value,
        name + odd + b": " + value,
        name[:3] + odd + name[3:] + b": " + value,
        name + b":" + odd + value,
        name + b": " + odd + value,
        name + b": " + value + odd,
        name + b": " + odd + value + odd,
        name + b": " + value[:middle] + odd + value[middle:],
    )


def _spelled(name: bytes, value: bytes) -> Iterator[bytes]:
    """Returns the lines in other spellings."""
    yield from (
        name + b":" + value,
        name + b":  " + value + b"  ",
        name + b":\t \t" + value + b" \t ",
        name.lower() + b": " + value.upper(),
        name.upper() + b": " + value.lower(),
        name[:1].lower() + name[1:].upper() + b": " + value,
        name.replace(b"-", b"_") + b": " + value,
        name.replace(b"-", b" ") + b": " + value,
        name.replace(b"-", b"\\") + b": " + value,
        name.replace(b"e", b"%45") + b": " + value,
        name + b" x: " + value,
        name + b" " + value,
        name + b": ",
        name + b":",
        name,
        b": " + value,
        b":",
        name + b': "' + value + b'"',
        name + b": '" + value + b"'",
        b"X-" + name + b": " + value,
        name + b"-X: " + value,
    )
    for other in _OTHER_VALUES.get(name, ()):
        yield from (name + b": " + other, name + b":\t" + other + b" ")


def _repeated(name: bytes, value: bytes) -> Iterator[bytes]:
    """Returns two lines, of which each reader may take another, or that one reader takes for one."""
    plain = name + b": " + value
    for other in (value, value + b" ", b"", b"x", *_OTHER_VALUES.get(name, ())[:6]):
        yield from (plain + b"\r\n" + name + b": " + other, name + b": " + other + b"\r\n" + plain)
    yield from (
        plain + b"\r\n" + name.lower() + b": " + value,
        plain + b"\r\n" + name.replace(b"-", b"_") + b": " + value,
        plain + b"\r\n" + name + b" : " + value,
        plain + b"\r\nX-Between: a\r\n" + plain,
        b"Connection: " + name + b"\r\n" + plain,
    )


BAD_TARGETS_AND_LINES = [
    *(b"GET /next HTTP/1.%b" % version for version in (b"", b"2", b"10", b"32", b"1 ", b"1\t", b"\r\r1", b"01")),
    *(b"GET /next HTTP/%b" % version for version in (b"0.9", b"2.0", b"2", b"5.6", b"11", b"4294967295.255", b"1,1")),
    *(b"GET%b/next HTTP/1.1" % space for space in (b"  ", b"\t", b"\x0b", b"\x0c", b"\xa0", b" \t", b"\n", b"\r ")),
    *(b"GET /next%bHTTP/1.1" % space for space in (b"  ", b"\t", b"\x0b", b"\xa0", b"\n", b" x ", b"\0 ")),
    *(
        b"%b /next HTTP/1.1" % method
        for method in (b'G="', b"G@T", b"G/T", b"G,", b"\0", b"", b"\xc7", b"G\xc3\x84", b"CONNECT")
    ),
    *(
        b"GET %b HTTP/1.1" % target
        for target in (b"next", b"!", b"*", b"auth.test:80", b"/a#b", b"/\xff", b"//a b", b"")
    ),
    *(b"GET %b HTTP/1.1" % target for target in (b"ftp://a/", b"http://a@b/", b"http:///a", b"http://a/#b", b"://a/")),
    *(b"GET /next ICE/1.0", b"GET /next IHTTP/1.1", b"GET /next http/1.1", b"GET /next", b"GET", b"PRI * HTTP/2.0"),
]
"""Request lines that are none."""

BAD_CHUNKS = [
    *(
        b"%b\r\nhello\r\n0\r\n\r\n" % size
        for size in (b"0x5", b"+5", b"-5", b"5_", b"0_5", b" 5", b"5 ", b"5\t", b"", b"Z")
    ),
    *(
        b"%b\r\nhello\r\n0\r\n\r\n" % size
        for size in (b"5\0", b"5\xa0", b"5 rrrr", b"5\r;a", b"5;a\0", b"5;a\x7f", b"5,5")
    ),
    *(b"%b\r\nhello\r\n0\r\n\r\n" % size for size in (b"0" * 15 + b"5", b"f" * 16, b"8" * 20, b"\xd9\xa5", b"5.0")),
    *(b"5%bhello\r\n0\r\n\r\n" % end for end in (b"\n", b"\r", b"\rX", b"\r\r", b"\n\r", b"\r\r\n", b"\r\nX")),
    *(b"5;a=b%bhello\r\n0\r\n\r\n" % end for end in (b"\n", b"\r", b"\rX", b"\r\r", b"\x0b\r\n")),
    *(
        b"5\r\nhello%b0\r\n\r\n" % end
        for end in (b"\n", b"\r", b"", b"XX", b"\rX", b"\r\r", b"\n\r", b"\r\n\r\n", b"X\r\n")
    ),
    *(
        b"5\r\nhello\r\n0%b" % end
        for end in (b"\n\n", b"\r\r", b"\r\n\n", b"\n\r\n", b"\r\nX\r\n\r\n", b"\r\n a: b\r\n\r\n")
    ),
    *(
        b"5\r\nhello\r\n0\r\n%b\r\n\r\n" % field
        for field in (b"a : b", b"a: \0", b"a", b": b", b"a: b\nc: d", b"a: b\rc: d")
    ),
    *(b"INVALID!!!\r\n\r\n", b"\r\n\r\n", b"1\r0\n", b"5;" + b"a" * 300, b"5\r\nhello0\r\n\r\n"),
]
"""Bodies in chunks that are none; each is as much as a reader needs to know that."""

GOOD_CHUNKS = [
    *(
        b"%b\r\nhello\r\n0\r\n\r\n" % size
        for size in (b"5", b"05", b"0" * 14 + b"5", b"5;a", b"5;a=b;c", b'5; a="b;c"')
    ),
    *(b"%b\r\nhello\r\n0\r\n\r\n" % size for size in (b"5 ;a", b"5\t; a", b"5;", b"5;\xff", b"5;\ta")),
    *(b"1\r\nh\r\n4\r\nello\r\n0\r\n\r\n", b"5\r\nhello\r\n000\r\n\r\n", b"5\r\nhello\r\n0;a\r\n\r\n"),
    *(b"5\r\nhello\r\n0\r\nVary: *\r\nContent-Length: 7\r\nHost: b\r\nTransfer-Encoding: x\r\n\r\n",),
]
"""The body b"hello"."""
