"""Requests that two readers could read in two ways: they are refused, whichever server is in front."""

import re
from collections import Counter

from starlette.types import Scope

from leadnator_auth.domain import NotFoundError
from leadnator_auth.entrypoints.http.reading.body import check_declared_length
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError

# However often encoded: servers and proxies differ in when they decode these, and so in which path they see.
_ENCODED_SEPARATOR_OR_DOT = re.compile("%(?:25)*(?:2f|5c|2e)", re.IGNORECASE)
# These, and what needs no encoding (RFC 3986 section 2.3): letters, digits, -._~
_ENCODED_NEEDLESSLY = re.compile("%(?:25)*(?:2[def]|3[0-9]|[46][1-9a-f]|5[0-9acf]|7[0-9ae])", re.IGNORECASE)
_SINGLE_FIELDS = (b"authorization", b"content-length", b"content-type", b"expect", b"host", b"transfer-encoding")
"""Headers that may occur once: of several, each reader would pick a different one."""


def check_unambiguous(scope: Scope, *, of_any_length: bool = False) -> None:
    """Raises: NotFoundError for another spelling of a path, InvalidRequestError where a header contradicts another,
    PayloadTooLargeError where a longer body than any call takes is announced, also where none is read.
    """
    sent = scope.get("raw_path")
    if (sent is None or b"%" in sent) and _is_respelt(scope, _ENCODED_NEEDLESSLY):
        raise NotFoundError
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    values = dict(headers)
    if len(values) != len(headers):
        _check_repeated(Counter(name for name, _ in headers))
    if b"content-length" in values and not of_any_length:
        check_declared_length(values[b"content-length"])


def has_ambiguous_path(scope: Scope) -> bool:
    """Returns whether a path can be taken for another one: it contains an encoded slash, backslash or dot, or ends in a
    newline, which the "$" of a route's pattern overlooks.
    """
    return _is_respelt(scope, _ENCODED_SEPARATOR_OR_DOT)


def _is_respelt(scope: Scope, encoded: re.Pattern[str]) -> bool:
    """Returns whether a path contains one of these encodings, or ends in a newline.

    A server that does not pass on the path as it was sent has decoded it: what is still encoded was encoded more than
    once, and a backslash may have been encoded.
    """
    sent: bytes | None = scope.get("raw_path")
    if sent is not None and b"%" not in sent:
        return False
    path: str = scope["path"]
    spellings = [path] if sent is None else [path, sent.partition(b"?")[0].decode("latin-1")]
    is_encoded = any(encoded.search(spelling) for spelling in spellings)
    return is_encoded or path.endswith("\n") or (sent is None and "\\" in path)


def _check_repeated(counts: Counter[bytes]) -> None:
    if any(counts[name] > 1 for name in _SINGLE_FIELDS):
        raise InvalidRequestError
