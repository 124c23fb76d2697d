"""The call of proxies that ask, before each request, whether and for whom to let it through."""

from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from leadnator_auth.domain import Identity, InvalidTokenError, UnavailableError, identify, identify_for_media
from leadnator_auth.entrypoints.http.api.revocations import GROUP
from leadnator_auth.entrypoints.http.context import bearer_of, identified, ports_of
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.reading.original import OriginalRequest, asks_about_another, original_request
from leadnator_auth.entrypoints.http.refusals import InvalidRequestError, MissingTokenError

_PLAIN = "@:"
"""What stays as it is besides letters, digits and -._~: no proxy and no language makes anything of it in a header."""


async def get_forward(request: Request) -> Response:
    """GET /api/auth/forward"""
    original = original_request(request)
    if original is not None and original.tokens:
        identity = await _by_query(request, original)
    elif asks_about_another(request):  # its own query may be a copy of the other's, whatever that one's method was
        identity = await identify(bearer_of(request, allow_query=False).token, ports=ports_of(request))
    else:
        identity = await identified(request)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=_headers(identity))


async def _by_query(request: Request, original: OriginalRequest) -> Identity:
    """Returns the identity behind the token in the query of the original request: an access or a media token.

    Caddy copies the query to its own request, so that the same token comes twice.

    Raises: InvalidRequestError where there is another credential; MissingTokenError for a method that takes none there.
    """
    has_header = any(name == b"authorization" for name, _ in request.scope["headers"])
    own = {token for token in request.query_params.getlist("token") if token}
    if has_header or len(original.tokens) > 1 or not own <= {*original.tokens}:
        raise InvalidRequestError
    if original.method not in ("GET", "HEAD"):
        raise MissingTokenError
    return await identify_for_media(original.tokens[0], original.path, ports=ports_of(request))


def _headers(identity: Identity) -> dict[str, str]:
    user = identity.user
    told = {
        "X-Auth-User": user.id,
        "X-Auth-Email": user.email.typed,
        "X-Auth-Name": user.name,
        "X-Auth-Role": user.role.value,
        "X-Auth-Plan": user.plan,
        "X-Auth-Session": identity.session.id,
    }
    return {name: quote(value, safe=_PLAIN) for name, value in told.items()}


def _header(name: str, example: str, description: str) -> Parameter:
    return Parameter(name, "header", {"type": "string"}, example, description)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET",
        path="/api/auth/forward",
        handler=get_forward,
        name="forward_auth",
        summary="Let nginx, Caddy or Traefik ask who sends a request: the answer says it in X-Auth- headers.",
        group=GROUP,
        needs_token=True,
        parameters=(
            _header("X-Original-Method", "GET", "Of the request that is asked about; X-Forwarded-Method is the same."),
            _header("X-Original-URI", "/media/42", "Its path and query; X-Forwarded-Uri is the same."),
        ),
        status=HTTPStatus.NO_CONTENT,
        refusals=(MissingTokenError, InvalidTokenError, UnavailableError),
        refuses_by_401=True,
    ),
)
