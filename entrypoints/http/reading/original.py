"""The request that a proxy asks about: its method and its URI, where a trusted proxy says them."""

from urllib.parse import parse_qsl, unquote_to_bytes

import attrs
from starlette.requests import HTTPConnection

from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.entrypoints.http.reading.ambiguity import has_ambiguous_path

FROM_TRUSTED_PROXY = "leadnator_auth.from_trusted_proxy"
"""The key in a scope that says that the request comes from a trusted proxy, and not only through one."""

_METHOD_AND_URI = ((b"x-original-method", b"x-original-uri"), (b"x-forwarded-method", b"x-forwarded-uri"))
"""As nginx is told to send them, and as Caddy and Traefik do by themselves."""
_ALL = frozenset(name for names in _METHOD_AND_URI for name in names)


@attrs.frozen
class OriginalRequest:
    """What a proxy was asked for."""

    method: str
    path: str
    """Decoded; empty where it can be read in two ways, and then no media token is made for it."""
    tokens: tuple[str, ...] = attrs.field(repr=False)
    """Those in its query; an empty one is none."""


def asks_about_another(request: HTTPConnection) -> bool:
    """Returns whether a request says, trusted or not, that it is about another one."""
    return not _ALL.isdisjoint(name for name, _ in request.scope["headers"])


def original_request(request: HTTPConnection) -> OriginalRequest | None:
    """Returns the request that a trusted proxy asks about, if it says which.

    A method without a URI, or the other way round, says nothing: whoever sent the one need not have sent the other.

    Raises: InvalidTokenError where two headers disagree. One of them came from the client then.
    """
    if FROM_TRUSTED_PROXY not in request.scope:
        return None
    given: dict[bytes, set[bytes]] = {}
    for name, value in request.scope["headers"]:
        given.setdefault(name, set()).add(value.strip(b" \t"))
    for alike in zip(*_METHOD_AND_URI, strict=True):
        if len(set().union(*(given.get(name, set()) for name in alike))) > 1:
            raise InvalidTokenError("the proxy's headers disagree")
    for method, uri in _METHOD_AND_URI:
        if method in given and uri in given:
            return _read(*given[method], *given[uri])
    return None


def _read(method: bytes, uri: bytes) -> OriginalRequest:
    raw_path, _, query = uri.partition(b"?")
    fields = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    tokens = tuple(value for name, value in fields if name == "token" and value)
    return OriginalRequest(method.decode("latin-1"), _decoded(raw_path), tokens)


def _decoded(raw_path: bytes) -> str:
    try:
        path = unquote_to_bytes(raw_path).decode()
    except ValueError:
        return ""
    return "" if has_ambiguous_path({"raw_path": raw_path, "path": path}) else path
