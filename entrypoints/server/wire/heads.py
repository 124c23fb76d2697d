"""The rules for the head of a request (RFC 9112 sections 2 to 6), stricter than any parser."""

import re
from typing import NamedTuple

from leadnator_auth.entrypoints.server.wire.refusing import Reason, RefusedError

MAX_FIELDS = 100
METHODS = frozenset(
    b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT COPY LOCK MKCOL MOVE PROPFIND PROPPATCH UNLOCK".split()
)
"""The methods of RFC 9110, RFC 5789 and RFC 4918, which every parser knows; others are known to some only."""
_STAND_IN = b"PROPFIND"
"""The parser is given this in place of a method that not every parser knows: no path takes either."""
MAX_METHOD_CHARACTERS = 32

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
_FIELD = _TOKEN + rb":" + _VALUE + rb"\r\n"
_TRIMMED_FIELD = _TOKEN + rb":" + _VALUE + rb"(?<![ \t])\r\n"
_REQUEST_LINE = rb"(" + _TOKEN + rb") ([\x21-\x7e]++) HTTP/1\.([01])\r\n"
_HOST = rb"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{0,5})?"

# Possessive throughout: no input makes these backtrack.
_HEAD = re.compile(_REQUEST_LINE + rb"(?:" + _FIELD + rb"){0,%d}+\r\n" % MAX_FIELDS)
_TRIMMED_HEAD = re.compile(_REQUEST_LINE + rb"(?:" + _TRIMMED_FIELD + rb"){0,%d}+\r\n" % MAX_FIELDS)
# Most requests: nothing about them needs a second look. The set of first letters saves most fields the longer one.
_PLAIN_FIELDS = (
    rb"(?:(?![CEHPTUcehptu](?i:ontent-length|xpect|ost|roxy-connection|ransfer-encoding|pgrade):)"
    + _TRIMMED_FIELD
    + rb"){0,%d}+" % (MAX_FIELDS // 2 - 1)
)
_PLAIN_HEAD = re.compile(
    rb"(?:GET|HEAD) /[\x21\x22\x24-\x7e]*+ HTTP/1\.1\r\n"
    + _PLAIN_FIELDS
    + rb"(?i:host):[\t ]*+"
    + _HOST
    + rb"\r\n"
    + _PLAIN_FIELDS
    + rb"\r\n"
)
_STARTS_WITH_REQUEST_LINE = re.compile(_REQUEST_LINE)
_BLANKS_AFTER_VALUE = re.compile(rb"(?<![ \t])[ \t]++(?=\r\n)")
_SPECIAL_FIELD = re.compile(
    rb"\r\n(content-length|expect|host|proxy-connection|transfer-encoding|upgrade):(" + _VALUE + rb")", re.IGNORECASE
)
_DROPPED = {b"expect", b"proxy-connection", b"upgrade"}
_DROPPED_FIELD = re.compile(rb"\r\n(?:" + b"|".join(sorted(_DROPPED)) + rb"):" + _VALUE, re.IGNORECASE)
_TRAILERS = re.compile(rb"(?:" + _FIELD + rb"){0,%d}+\r\n" % MAX_FIELDS)
_VALID_HOST = re.compile(_HOST)
_ORIGIN_FORM = re.compile(rb"/[^#]*")
_ABSOLUTE_FORM = re.compile(rb"(?i:https?)://" + _HOST + rb"(/[^?#]*)?(\?[^#]*)?")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_HUGE_LENGTH = re.compile(rb"0*+[1-9][0-9]{18,}")
_PATH_IN_LINE = re.compile(rb"[^ \r\n]++ ++(?:(?i:https?)://[^/?# \r\n]*+)?([\x21\x22\x24-\x3e\x40-\x7e]*+)")


class Head(NamedTuple):
    """A head that everybody reads alike."""

    forwarded: bytes
    """The head for the parser: the same with its target in origin-form, without the blanks after values and
    without the fields that parsers interpret differently."""
    length: int | None
    """The length of the body; None when it comes in chunks."""
    method: str | None = None
    """The method, or the beginning of a long one, where the head for the parser has another."""


def read_head(head: bytes) -> Head:
    """Returns the framing of a complete head, from its request line to its empty line.

    Raises: RefusedError.
    """
    if _PLAIN_HEAD.fullmatch(head):
        return Head(head, 0)
    return _read_any_head(head)


def _read_any_head(head: bytes) -> Head:
    match = _TRIMMED_HEAD.fullmatch(head)
    if match is None:
        return _read_any_head(_trimmed(head))
    method, target, minor = match.groups()
    fields: dict[bytes, list[bytes]] = {}
    for name, value in _SPECIAL_FIELD.findall(head):
        fields.setdefault(name.lower(), []).append(value.lstrip(b" \t"))
    is_old = minor == b"0"
    _check_host(fields.get(b"host", []), is_old=is_old)
    path = _path_of(method, target)
    length = _body_length(fields.get(b"content-length", []), fields.get(b"transfer-encoding", []), is_old=is_old)
    must_be_told = _expects_to_be_told(fields.get(b"expect", [])) and length != 0 and not is_old
    forwarded = head if path is target else method + b" " + path + head[match.end(2) :]
    if not _DROPPED.isdisjoint(fields):
        forwarded = _cleared(forwarded, must_be_told=must_be_told)
    return Head(forwarded, length) if method in METHODS else _with_stand_in(method, forwarded, length)


def _with_stand_in(method: bytes, head: bytes, length: int | None) -> Head:
    """Returns a head with a method that every parser knows; the connection ends with its answer.

    What comes before a method may have been meant for a body: nothing behind it is served.
    """
    forwarded = _STAND_IN + head[len(method) : -2] + b"Connection: close\r\n\r\n"
    return Head(forwarded, length, method[:MAX_METHOD_CHARACTERS].decode("ascii"))


def path_in_line(start: bytes | bytearray) -> str:
    """Returns the path that a request line names, as it was sent; empty where there is none, or not yet one."""
    found = _PATH_IN_LINE.match(start)
    return found[1].decode("ascii") if found else ""


def _trimmed(head: bytes) -> bytes:
    """Returns a head without the blanks after its values, which are not part of them (RFC 9112 section 5.1)."""
    if not _HEAD.fullmatch(head):
        raise RefusedError(_why_malformed(head))
    return _BLANKS_AFTER_VALUE.sub(b"", head)


def _cleared(head: bytes, *, must_be_told: bool) -> bytes:
    """Returns a head without the fields that parsers interpret differently.

    A server may ignore Upgrade (RFC 9110 section 7.8), but a parser that sees it takes the body for another protocol.
    Proxy-Connection ends the connection for one parser only (RFC 9112 appendix C.2.2). Expect means nothing in
    HTTP/1.0 and without a body (RFC 9110 section 10.1.1).
    """
    cleared = _DROPPED_FIELD.sub(b"", head)
    return cleared[:-2] + b"Expect: 100-continue\r\n\r\n" if must_be_told else cleared


def are_trailers(section: bytes) -> bool:
    """Returns whether this is a trailer section with its empty line (RFC 9112 section 7.1.2)."""
    return _TRAILERS.fullmatch(section) is not None


def _why_malformed(head: bytes) -> Reason:
    if not _STARTS_WITH_REQUEST_LINE.match(head):
        return Reason.BAD_REQUEST_LINE
    has_too_many = head.count(b"\r\n") > MAX_FIELDS + 2
    return Reason.TOO_MANY_FIELDS if has_too_many else Reason.BAD_FIELD


def _check_host(hosts: list[bytes], *, is_old: bool) -> None:
    """Refuses anything but one valid Host, which HTTP/1.0 may leave out (RFC 9112 section 3.2)."""
    if not hosts and is_old:
        return
    if len(hosts) != 1 or not _VALID_HOST.fullmatch(hosts[0]):
        raise RefusedError(Reason.BAD_HOST)


def _path_of(method: bytes, target: bytes) -> bytes:
    """Returns the target in origin-form; the authority of an absolute one is dropped (RFC 9112 section 3.2.2)."""
    if method == b"CONNECT":
        raise RefusedError(Reason.BAD_TARGET)
    if _ORIGIN_FORM.fullmatch(target):
        return target
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is None:
        raise RefusedError(Reason.BAD_TARGET)
    return (absolute[1] or b"/") + (absolute[2] or b"")


def _body_length(lengths: list[bytes], codings: list[bytes], *, is_old: bool) -> int | None:
    """Returns the length that a head declares for its body, None for chunks (RFC 9112 section 6.3)."""
    if codings:
        if lengths:
            raise RefusedError(Reason.LENGTH_AND_TRANSFER_ENCODING)
        if is_old or len(codings) != 1 or codings[0].lower() != b"chunked":
            raise RefusedError(Reason.BAD_TRANSFER_ENCODING)
        return None
    if not lengths:
        return 0
    if len(lengths) != 1 or not _LENGTH.fullmatch(lengths[0]):
        is_huge = len(lengths) == 1 and _HUGE_LENGTH.fullmatch(lengths[0])
        raise RefusedError(Reason.BODY_TOO_LARGE if is_huge else Reason.BAD_LENGTH)
    return int(lengths[0])


def _expects_to_be_told(expectations: list[bytes]) -> bool:
    """Returns whether the client waits to be told to send the body.

    No other expectation has a meaning (RFC 9110 section 10.1.1), and of several each server picks its own.
    """
    if not expectations:
        return False
    if len(expectations) != 1 or expectations[0].lower() != b"100-continue":
        raise RefusedError(Reason.BAD_EXPECTATION)
    return True
