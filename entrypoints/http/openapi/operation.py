"""The description of an operation of the API, and the refusals that many operations share."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.domain.entities.api_key import Scope
from leadnator_auth.domain.errors import (
    AuthError,
    EmailNotVerifiedError,
    InsufficientScopeError,
    InvalidFieldsError,
    InvalidTokenError,
    MissingFieldsError,
    SessionRequiredError,
    UnavailableError,
)
from leadnator_auth.entrypoints.http.openapi.schemas import OK, Schema, closed, open_object
from leadnator_auth.entrypoints.http.refusals import (
    InvalidJsonError,
    InvalidRequestError,
    MissingTokenError,
    PayloadTooLargeError,
    RequestError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)

Handler = Callable[[Request], Awaitable[Response]]
Refusals = tuple[type[AuthError] | type[RequestError], ...]

BAD_BODY: Refusals = (
    MissingFieldsError,
    InvalidFieldsError,
    InvalidJsonError,
    RequestTimeoutError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
)
BAD_FORM: Refusals = tuple(kind for kind in BAD_BODY if kind is not InvalidJsonError)
BAD_TOKEN: Refusals = (InvalidRequestError, MissingTokenError, InvalidTokenError)
JSON = "application/json"


@attrs.frozen
class Parameter:
    """A part of the path or of the query."""

    name: str
    place: str
    schema: Schema
    example: str
    description: str = ""

    @property
    def is_required(self) -> bool:
        """Whether the operation needs it."""
        return self.place == "path"


@attrs.frozen(kw_only=True)
class Operation:
    """One method on one path: what it takes, answers and refuses."""

    method: str
    path: str
    handler: Handler
    summary: str
    group: str
    status: HTTPStatus = HTTPStatus.OK
    """The status on success; with another than 200 there is no body."""
    success: Schema = OK
    answer_headers: Mapping[str, Schema] = attrs.Factory(dict)
    """The headers of the answer on success that mean something to a client, as OpenAPI describes one."""
    example_answer: Any = attrs.Factory(lambda: {"ok": True})  # JSON of any type; a text where the answer is one
    body: Mapping[str, Schema] | None = None
    body_type: str = JSON
    """The media type of the body."""
    optional: tuple[str, ...] = ()
    """The members of the body that may be absent."""
    example_body: Mapping[str, Any] | None = None
    _refusals: Refusals = ()
    """What is not refused because of the body or the credential alone."""
    needs_token: bool = False
    for_unverified: bool = False
    """Whether those may call it, too, who have yet to prove their address where that is required."""
    for_api_keys: bool = False
    """Whether any API key may call it, too; else they are refused, unless it is for those with a scope alone."""
    scope: Scope | None = None
    """The scope that it takes an API key with, which is the only credential for it then."""
    refuses_by_401: bool = False
    """Whether it answers 401, whatever is wrong with who calls it: for proxies that understand nothing else."""
    media_type: str = JSON
    """The media type of the answer on success."""
    parameters: tuple[Parameter, ...] = ()
    is_patch: bool = False
    """Whether each member of the body may be absent, and none may be there that is not described."""
    name: str = attrs.field()
    """Its name in generated clients; by default the handler's name without "post_"."""
    variables: Mapping[str, str] = attrs.Factory(dict)
    """Members of the body that the curl snippet takes from a shell variable, because an example would not work."""

    @property
    def refusals(self) -> Refusals:
        """What it refuses: what any body or credential may be refused for, and what is its own."""
        if not self.needs_token or self.refuses_by_401:
            refusals = (*self._refusals_of_body, *self._refusals)
        else:
            unverified = () if self.for_unverified else (EmailNotVerifiedError,)
            of_token = (UnavailableError, *unverified, *self._refusals_of_keys)
            refusals = (*self._refusals_of_body, *BAD_TOKEN, *self._refusals, *of_token)
        return tuple(dict.fromkeys(refusals))

    @property
    def _refusals_of_body(self) -> Refusals:
        if self.body is None:
            return ()
        return BAD_BODY if self.body_type == JSON else BAD_FORM

    @property
    def _refusals_of_keys(self) -> Refusals:
        if self.scope is not None:
            return (InsufficientScopeError,)
        return () if self.for_api_keys else (SessionRequiredError,)

    @property
    def body_schema(self) -> Schema:
        """The schema of the body, if it takes one; of any object otherwise."""
        members = self.body or {}
        if not self.is_patch:
            required = [name for name in members if name not in self.optional]
            return open_object(members) | {"required": required}
        return {name: value for name, value in closed(members).items() if name != "required"}

    @name.default
    def _name_of_handler(self) -> str:
        return self.handler.__name__.removeprefix("post_")
