"""The access token, or the API key, of a request (RFC 6750)."""

from typing import NamedTuple

from starlette.requests import HTTPConnection

from leadnator_auth.domain.entities.api_key import is_api_key
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError, MissingTokenError


class Bearer(NamedTuple):
    """A token, and the way it was sent."""

    token: str
    in_query: bool

    def __repr__(self) -> str:
        return f"Bearer(in_query={self.in_query})"


def bearer_of(request: HTTPConnection, *, allow_query: bool = True) -> Bearer:
    """Returns the token in the Authorization header or, on GET and HEAD only, in the query.

    Where the query is not allowed it is ignored: `token` may mean something else there. An empty token counts as none.
    An API key in the query is refused, however good it is: URLs are logged and passed on, and keys live long.

    Raises: InvalidRequestError when there are two, MissingTokenError when there is none, a scheme without one included,
    InvalidTokenError for an API key in the query.
    """
    headers = [value for name, value in request.scope["headers"] if name == b"authorization"]
    has_query = allow_query and request.scope["query_string"]
    in_query = [token for token in request.query_params.getlist("token") if token] if has_query else []
    if len(headers) + len(in_query) > 1:
        raise InvalidRequestError
    if headers:
        return Bearer(_from_header(headers[0]), in_query=False)
    if in_query and request.scope.get("method") in ("GET", "HEAD"):
        if is_api_key(in_query[0]):
            raise InvalidTokenError("an API key in a URL")
        return Bearer(in_query[0], in_query=True)
    raise MissingTokenError


def _from_header(header: bytes) -> str:
    scheme, _, rest = header.strip(b" \t").partition(b" ")
    if scheme.lower() != b"bearer":
        raise MissingTokenError
    if not (token := rest.strip(b" ").decode("latin-1")):
        raise MissingTokenError
    return token
