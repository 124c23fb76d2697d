"""Refusals by HTTP itself, before any use case is called."""

from collections.abc import Mapping
from typing import ClassVar


class RequestError(Exception):
    """A request that cannot be understood or served; `headers` go with the answer.

    `detail` says what to do about it, where more is known than for every error of its kind.
    """

    code: ClassVar[str]

    def __init__(self, headers: Mapping[str, str] | None = None, *, detail: str | None = None) -> None:
        super().__init__(self.code)
        self.headers = dict(headers or {})
        self.detail = detail


class InvalidJsonError(RequestError):
    """The body is not one well-formed JSON object."""

    code = "invalid_json"


class InvalidRequestError(RequestError):
    """The request contradicts itself, or its query cannot be understood."""

    code = "invalid_request"


class MissingTokenError(RequestError):
    """The operation needs an access token and none was sent."""

    code = "missing_token"


class MethodNotAllowedError(RequestError):
    """The path exists, but not for this method; `Allow` lists those it takes."""

    code = "method_not_allowed"


class RequestTimeoutError(RequestError):
    """The body did not arrive in time."""

    code = "request_timeout"


class PayloadTooLargeError(RequestError):
    """The body is longer than 64 KiB."""

    code = "payload_too_large"


class UnsupportedMediaTypeError(RequestError):
    """The body is not plain JSON in UTF-8."""

    code = "unsupported_media_type"


class InternalError(RequestError):
    """A fault of ours; the log has the details under the request's id."""

    code = "internal_error"
