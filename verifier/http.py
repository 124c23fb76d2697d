"""The token of a request, and the answers of who lets nobody in; for any ASGI application."""

import json

from leadnator_auth.verifier.errors import VerifierError, VerifierUnavailableError

REALM = 'Bearer realm="leadnator"'


class MissingTokenError(VerifierError):
    """The request has no token."""


class AmbiguousTokenError(VerifierError):
    """The request has two credentials."""


def bearer_token(authorization: bytes) -> str:
    """Returns the token in an Authorization header (RFC 6750).

    Raises: MissingTokenError, for a scheme without a token, too.
    """
    scheme, _, rest = authorization.strip(b" \t").partition(b" ")
    token = rest.strip(b" ").decode("latin-1")
    if scheme.lower() != b"bearer" or not token:
        raise MissingTokenError("an access token is needed")
    return token


Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def answer_to(error: VerifierError) -> Answer:
    """Returns the status, the headers and the body (RFC 9457) for whom a verifier does not let in."""
    match error:
        case VerifierUnavailableError():
            return _problem(503, "unavailable", "Unavailable", [(b"retry-after", b"1")])
        case AmbiguousTokenError():
            return _problem(400, "invalid_request", "Invalid request", [])
        case MissingTokenError():
            return _problem(401, "missing_token", "Authentication required", [(b"www-authenticate", REALM.encode())])
    challenge = f'{REALM}, error="invalid_token", error_description="The token is invalid or has expired"'
    return _problem(401, "invalid_token", "Invalid token", [(b"www-authenticate", challenge.encode())])


def _problem(status: int, code: str, title: str, headers: list[tuple[bytes, bytes]]) -> Answer:
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "code": code}).encode()
    common = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    return status, [*common, *headers], body
