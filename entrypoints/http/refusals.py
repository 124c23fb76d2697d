"""Refusals by HTTP itself, before any use case is called."""

from collections.abc import Mapping
from typing import ClassVar


class RequestError(Exception):
    """A request that cannot be understood or served; `headers` go with the answer.

    `detail` says what to do about it, where more is known than for every error of its kind.
    """

    code: ClassVar[str]
    message: ClassVar[str] = "The request cannot be understood or served."
    """What is wrong with all of its kind."""

    def __init__(self, headers: Mapping[str, str] | None = None, *, detail: str | None = None) -> None:
        super().__init__()
        self.headers = dict(headers or {})
        self.detail = detail

    def __str__(self) -> str:
        return self.detail or self.message


class InvalidJsonError(RequestError):
    """The body is not one well-formed JSON object."""

    code = "invalid_json"
    message = "The body is not one well-formed JSON object in UTF-8."


class InvalidRequestError(RequestError):
    """The request contradicts itself, or its query cannot be understood."""

    code = "invalid_request"
    message = "The request contradicts itself, or its query cannot be understood."


class MissingTokenError(RequestError):
    """The operation needs an access token and none was sent."""

    code = "missing_token"
    message = "An access token is needed, and none was sent."


class MethodNotAllowedError(RequestError):
    """The path exists, but not for this method; `Allow` lists those it takes."""

    code = "method_not_allowed"
    message = "Something is at this path, but not for this method."


class RequestTimeoutError(RequestError):
    """The body did not arrive in time."""

    code = "request_timeout"
    message = "The body did not arrive in time."


class PayloadTooLargeError(RequestError):
    """The body is longer than 64 KiB."""

    code = "payload_too_large"
    message = "The body is longer than 64 KiB."


class UnsupportedMediaTypeError(RequestError):
    """The body is not of the media type that is read here: plain JSON in UTF-8, or a form."""

    code = "unsupported_media_type"
    message = "The body is not plain JSON in UTF-8."


class InternalError(RequestError):
    """A fault of ours; the log has the details under the request's id."""

    code = "internal_error"
    message = "This is a fault of the server, whose log has the details."
