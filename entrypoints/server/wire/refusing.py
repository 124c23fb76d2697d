"""The reasons for refusing a connection, and the answer that names them."""

from collections.abc import Iterable
from enum import StrEnum
from http import HTTPStatus

from leadnator_auth.domain import AuthError, InvalidTokenError
from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.problems import problem_response
from leadnator_auth.entrypoints.http.refusals import (
    InvalidRequestError,
    PayloadTooLargeError,
    RequestError,
    RequestTimeoutError,
)

_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_CLOSE = (b"connection", b"close")
_REFUSING_BY_401 = frozenset(operation.path for operation in OPERATIONS if operation.refuses_by_401)
"""Where a proxy asks that takes any status but 401 for a fault of ours."""


class Reason(StrEnum):
    """The reason for a refusal in the log; the client is told less."""

    TIMEOUT = "timeout"
    CUT_SHORT = "cut_short"
    HEAD_TOO_LARGE = "head_too_large"
    TOO_MANY_FIELDS = "too_many_fields"
    BAD_BYTES = "bad_bytes"
    BAD_REQUEST_LINE = "bad_request_line"
    BAD_TARGET = "bad_target"
    BAD_FIELD = "bad_field"
    BAD_HOST = "bad_host"
    BAD_LENGTH = "bad_length"
    BAD_TRANSFER_ENCODING = "bad_transfer_encoding"
    LENGTH_AND_TRANSFER_ENCODING = "length_and_transfer_encoding"
    BAD_EXPECTATION = "bad_expectation"
    BAD_CHUNK = "bad_chunk"
    BODY_TOO_LARGE = "body_too_large"
    UNPARSABLE = "unparsable"


class RefusedError(Exception):
    """The client did not send one request that everybody reads alike."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def refusal_answer(
    reason: Reason,
    path: str,
    request_id: str,
    more_headers: Iterable[tuple[bytes, bytes]],
    base_path: str = "",
    *,
    to_head: bool = False,
) -> bytes:
    """Returns the last answer of a connection: the problem that the application would answer with, as bytes.

    `path` is that of the request, below `base_path`, as far as it is known. The answer `to_head` has no content, but
    the length of what there would be (RFC 9110 section 9.3.2).
    """
    response = problem_response(_error(reason, path), base_path)
    headers = [*more_headers, *response.raw_headers, *_HEADERS, (b"x-request-id", request_id.encode())]
    if _CLOSE not in [(name, value.lower()) for name, value in headers]:
        headers.append(_CLOSE)
    phrase = HTTPStatus(response.status_code).phrase.encode()
    lines = [b"HTTP/1.1 %d %s" % (response.status_code, phrase), *(b"%s: %s" % header for header in headers)]
    return b"\r\n".join([*lines, b"", b"" if to_head else bytes(response.body)])


def _error(reason: Reason, path: str) -> AuthError | RequestError:
    if path in _REFUSING_BY_401:
        return InvalidTokenError(reason.value)
    if reason is Reason.TIMEOUT:
        return RequestTimeoutError()
    return PayloadTooLargeError() if reason is Reason.BODY_TOO_LARGE else InvalidRequestError()
