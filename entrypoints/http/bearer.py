"""Finds the access token of a request (RFC 6750)."""

import re

from starlette.requests import Request

from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError, MissingTokenError

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)
_SCHEME = re.compile(r"bearer(?= |$)", re.ASCII | re.IGNORECASE)


def bearer_token(request: Request) -> str:
    """Returns the token in the Authorization header or, on GET and HEAD only, in the query.

    Raises: InvalidRequestError when there are two, MissingTokenError when there is none, InvalidTokenError when the
    header cannot hold a token.
    """
    headers = request.headers.getlist("authorization")
    in_query = request.query_params.getlist("token")
    if len(headers) + len(in_query) > 1:
        raise InvalidRequestError
    if headers:
        return _from_header(headers[0].strip())
    if in_query and in_query[0] and request.method in ("GET", "HEAD"):
        return in_query[0]
    raise MissingTokenError


def _from_header(header: str) -> str:
    if not _SCHEME.match(header):
        raise MissingTokenError
    match = _BEARER.fullmatch(header)
    if match is None:
        raise InvalidTokenError("not a bearer token")
    return match[1]
