"""The rules for the head of a request (RFC 9112 sections 2 to 6), stricter than any parser."""

import re
from typing import NamedTuple

from leadnator_auth.entrypoints.server.wire.refusing import Reason, RefusedError

MAX_FIELDS = 100

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
_FIELD = _TOKEN + rb":" + _VALUE + rb"\r\n"
_REQUEST_LINE = rb"(" + _TOKEN + rb") ([\x21-\x7e]++) HTTP/1\.([01])\r\n"
_HOST = rb"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::[0-9]{0,5})?"

# Possessive throughout: no input makes these go back.
_HEAD = re.compile(_REQUEST_LINE + rb"(?:" + _FIELD + rb"){0,%d}+\r\n" % MAX_FIELDS)
# Most requests: nothing about them needs a second look.
_OTHER_FIELDS = (
    rb"(?:(?!(?i:host|content-length|transfer-encoding|upgrade):)" + _FIELD + rb"){0,%d}+" % (MAX_FIELDS // 2 - 1)
)
_PLAIN_HEAD = re.compile(
    rb"(?:GET|HEAD) /[\x21\x22\x24-\x7e]*+ HTTP/1\.1\r\n"
    + _OTHER_FIELDS
    + rb"(?i:host):[\t ]*+"
    + _HOST
    + rb"[\t ]*+\r\n"
    + _OTHER_FIELDS
    + rb"\r\n"
)
_STARTS_WITH_REQUEST_LINE = re.compile(_REQUEST_LINE)
_FRAMING_FIELD = re.compile(rb"\r\n(host|content-length|transfer-encoding|upgrade):(" + _VALUE + rb")", re.IGNORECASE)
_UPGRADE_FIELD = re.compile(rb"\r\nupgrade:" + _VALUE, re.IGNORECASE)
_TRAILERS = re.compile(rb"(?:" + _FIELD + rb"){0,%d}+\r\n" % MAX_FIELDS)
_VALID_HOST = re.compile(_HOST)
_ORIGIN_FORM = re.compile(rb"/[^#]*")
_ABSOLUTE_FORM = re.compile(rb"(?i:https?)://" + _HOST + rb"(/[^?#]*)?(\?[^#]*)?")
_LENGTH = re.compile(rb"[0-9]{1,18}")


class Head(NamedTuple):
    """A head that everybody reads alike."""

    forwarded: bytes
    """What the parser is given: the same head with its target in origin-form and without `Upgrade`."""
    length: int | None
    """Of the body; None when it comes in chunks."""


def read_head(head: bytes) -> Head:
    """Returns the framing of a complete head, from its request line to its empty line.

    Raises: RefusedError.
    """
    if _PLAIN_HEAD.fullmatch(head):
        return Head(head, 0)
    return _read_any_head(head)


def _read_any_head(head: bytes) -> Head:
    match = _HEAD.fullmatch(head)
    if match is None:
        raise RefusedError(_why_malformed(head))
    method, target, minor = match.groups()
    fields: dict[bytes, list[bytes]] = {}
    for name, value in _FRAMING_FIELD.findall(head):
        fields.setdefault(name.lower(), []).append(value.strip(b" \t"))
    is_old = minor == b"0"
    _check_host(fields.get(b"host", []), is_old=is_old)
    path = _path_of(method, target)
    length = _body_length(fields.get(b"content-length", []), fields.get(b"transfer-encoding", []), is_old=is_old)
    forwarded = head if path is target else method + b" " + path + head[match.end(2) :]
    # A server may ignore Upgrade (RFC 9110 section 7.8), but a parser that sees it takes the body for another protocol.
    return Head(_UPGRADE_FIELD.sub(b"", forwarded) if b"upgrade" in fields else forwarded, length)


def are_trailers(section: bytes) -> bool:
    """Returns whether this is a trailer section with its empty line (RFC 9112 section 7.1.2)."""
    return _TRAILERS.fullmatch(section) is not None


def _why_malformed(head: bytes) -> Reason:
    if not _STARTS_WITH_REQUEST_LINE.match(head):
        return Reason.BAD_REQUEST_LINE
    has_too_many = head.count(b"\r\n") > MAX_FIELDS + 2
    return Reason.TOO_MANY_FIELDS if has_too_many else Reason.BAD_FIELD


def _check_host(hosts: list[bytes], *, is_old: bool) -> None:
    """Refuses all but one valid Host, which HTTP/1.0 may leave out (RFC 9112 section 3.2)."""
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
        raise RefusedError(Reason.BAD_LENGTH)
    return int(lengths[0])
