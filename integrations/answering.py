"""What the hosts have in common: the answer to an error, and how a request that is no Starlette's is read."""

from starlette.requests import HTTPConnection

from leadnator_auth.domain import AuthError, Client, Identity, KeyIdentity, Ports
from leadnator_auth.entrypoints.http import RequestError, authenticate, authenticate_any, problem_response


def answer_to(error: AuthError | RequestError, base_path: str = "") -> tuple[bytes, int, dict[str, str]]:
    """Returns the body, the status and the headers that our own routes answer an error with.

    The reference page that the body points to is below `base_path`.
    """
    response = problem_response(error, base_path)
    return bytes(response.body), response.status_code, {**response.headers, "cache-control": "no-store"}


async def identify_sender(
    method: str,
    path: str,
    query: str,
    authorization: str | None,
    *,
    media: bool = False,
    verified: bool | None = None,
    ports: Ports,
) -> Identity:
    """Returns who sends a request, read as strictly as `authenticate` reads it; `path` is the decoded one.

    Raises: MissingTokenError, InvalidTokenError, InvalidRequestError, EmailNotVerifiedError, SessionRequiredError,
    UnavailableError.
    """
    return await authenticate(_connection(method, path, query, authorization), ports, media=media, verified=verified)


async def identify_any_sender(
    authorization: str | None, scope: str | None, *, verified: bool | None = None, ports: Ports
) -> Identity | KeyIdentity:
    """Returns who sends a request to what is for sessions, and for API keys with a scope, as `authenticate_any` does.

    Raises: MissingTokenError, InvalidTokenError, EmailNotVerifiedError, InsufficientScopeError, UnavailableError.
    """
    return await authenticate_any(_connection("", "", "", authorization), ports, scope, verified=verified)


def _connection(method: str, path: str, query: str, authorization: str | None) -> HTTPConnection:
    headers = [] if authorization is None else [(b"authorization", authorization.encode("latin-1", "replace"))]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("latin-1", "replace"),
        "headers": headers,
    }
    return HTTPConnection(scope)


def client_at(address: str | None, user_agent: str | None) -> Client:
    """Returns where a request comes from: sessions show it, and limits are counted by its network."""
    return Client(ip=address or "", user_agent=user_agent or "")
