"""Accounts in a Django project, served by WSGI or ASGI: requests know who sends them, and views call use cases.

    # settings.py
    LEADNATOR_AUTH_BRIDGE = SyncBridge(Settings.read(os.environ))
    MIDDLEWARE = ["leadnator_auth.integrations.django.identity_middleware"]

    # views.py
    @login_required
    def profile(request: HttpRequest) -> JsonResponse:
        return JsonResponse({"name": current_identity(request).user.name})

    async def log_in_view(request: HttpRequest) -> JsonResponse:
        signed_in = await acall(log_in(request.POST.get("email"), …, client=client_of(request), ports=ports()))

The middleware answers what use cases refuse as problems (RFC 9457), as the routes of ours do. The bridge opens with its
first use in each process, so that it may stand in the settings. A test hands over a world in memory:
`override_settings(LEADNATOR_AUTH_BRIDGE=SyncBridge(lambda: nullcontext(memory_ports())))`.
"""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from leadnator_auth.domain import (
    AuthError,
    Client,
    EmailNotVerifiedError,
    ForbiddenError,
    Identity,
    KeyIdentity,
    Ports,
    Role,
    SessionRequiredError,
)
from leadnator_auth.entrypoints.embedding import SyncBridge
from leadnator_auth.entrypoints.http import MissingTokenError, RequestError
from leadnator_auth.integrations.answering import answer_to, client_at, identify_any_sender, identify_sender

__all__ = [
    "acall",
    "acurrent_caller",
    "bridge",
    "call",
    "client_of",
    "current_caller",
    "current_identity",
    "identity_middleware",
    "login_required",
    "optional_identity",
    "ports",
    "role_required",
    "verified_required",
]

View = Callable[..., Any]  # Django's views take what their URL has, and some are coroutines
Result = TypeVar("Result")
_REFUSAL = "leadnator_auth_refusal"


def bridge() -> SyncBridge:
    """Returns the bridge in the settings.

    Raises: RuntimeError when there is none.
    """
    found = getattr(settings, "LEADNATOR_AUTH_BRIDGE", None)
    if isinstance(found, SyncBridge):
        return found
    raise RuntimeError("the settings of Django need LEADNATOR_AUTH_BRIDGE = SyncBridge(Settings.read(os.environ))")


def ports() -> Ports:
    """Returns the ports, for a use case that is called over `call` or `acall`."""
    return bridge().ports


def call(work: Coroutine[Any, Any, Result], *, timeout: float | None = None) -> Result:
    """Returns what a use case returns, or raises what it raises: `call(log_in(…, ports=ports()))`.

    Raises: what `SyncBridge.call` and the use case raise.
    """
    return bridge().call(work, timeout=timeout)


async def acall(work: Coroutine[Any, Any, Result]) -> Result:
    """Returns the same in an asynchronous view: `await acall(log_in(…, ports=ports()))`.

    Raises: what `SyncBridge.acall` and the use case raise.
    """
    return await bridge().acall(work)


def client_of(request: HttpRequest) -> Client:
    """Returns where a request comes from, for use cases that take a `client`."""
    return client_at(request.META.get("REMOTE_ADDR"), request.META.get("HTTP_USER_AGENT"))


def current_identity(request: HttpRequest) -> Identity:
    """Returns the user and the session that a request is from; templates have it as `request.identity`.

    API keys are refused: `current_caller` takes them, too.

    Raises: MissingTokenError where no token was sent, SessionRequiredError for an API key, RuntimeError where the
    middleware is missing.
    """
    identity = optional_identity(request)
    if identity is None:
        raise MissingTokenError
    return identity


def optional_identity(request: HttpRequest) -> Identity | None:
    """Returns the same, or None where no token was sent.

    Raises: SessionRequiredError for an API key, RuntimeError where the middleware is missing.
    """
    try:
        identity: Identity | None = vars(request)["identity"]
    except KeyError:
        raise RuntimeError("add leadnator_auth.integrations.django.identity_middleware to MIDDLEWARE") from None
    refusal: SessionRequiredError | None = vars(request).get(_REFUSAL)
    if refusal is not None:
        raise refusal
    return identity


def current_caller(request: HttpRequest, scope: str | None, *, verified: bool | None = None) -> Identity | KeyIdentity:
    """Returns who sends a request, by a session or by an API key with a scope; with None, any key will do.

    Raises: MissingTokenError, InvalidTokenError, EmailNotVerifiedError, InsufficientScopeError for a key without the
    scope, UnavailableError.
    """
    return bridge().call(_caller(request, scope, verified))


async def acurrent_caller(
    request: HttpRequest, scope: str | None, *, verified: bool | None = None
) -> Identity | KeyIdentity:
    """Returns the same in an asynchronous view."""
    return await bridge().acall(_caller(request, scope, verified))


@sync_and_async_middleware
def identity_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Finds out who sends a request, for `current_identity` and the decorators; a bad token is answered with 401.

    What views raise of our errors is answered as problems.
    """
    if iscoroutinefunction(get_response):

        async def over_asgi(request: HttpRequest) -> HttpResponseBase:
            try:
                vars(request)["identity"] = await bridge().acall(_identified(request)) if _has_header(request) else None
            except (AuthError, RequestError) as error:
                return _answer(error)
            response: HttpResponseBase = await get_response(request)
            return response

        vars(over_asgi)["process_exception"] = _process_exception
        return over_asgi

    def over_wsgi(request: HttpRequest) -> HttpResponseBase:
        try:
            vars(request)["identity"] = bridge().call(_identified(request)) if _has_header(request) else None
        except (AuthError, RequestError) as error:
            return _answer(error)
        response: HttpResponseBase = get_response(request)
        return response

    vars(over_wsgi)["process_exception"] = _process_exception
    return over_wsgi


def login_required(view: View) -> View:
    """Makes a view, asynchronous or not, one for users who are logged in."""
    return role_required(*Role)(view)


def role_required(*roles: Role) -> Callable[[View], View]:
    """Makes a view, asynchronous or not, one for users who have one of these roles: `@role_required(Role.ADMIN)`."""

    def check(identity: Identity) -> None:
        if identity.user.role not in roles:
            raise ForbiddenError(identity.user.id)

    return lambda view: _for(view, check)


def verified_required(view: View) -> View:
    """Makes a view, asynchronous or not, one for users whose address is proved to be theirs."""
    return _for(view, _check_verified)


def _check_verified(identity: Identity) -> None:
    if not identity.user.is_email_verified:
        raise EmailNotVerifiedError(identity.user.id)


def _for(view: View, check: Callable[[Identity], None]) -> View:
    """Makes a view one for users who pass a check."""
    if iscoroutinefunction(view):

        @wraps(view)
        async def awaited(request: HttpRequest, *args: Any, **named: Any) -> Any:  # as the view's
            check(current_identity(request))
            return await view(request, *args, **named)

        return awaited

    @wraps(view)
    def called(request: HttpRequest, *args: Any, **named: Any) -> Any:  # as the view's
        check(current_identity(request))
        return view(request, *args, **named)

    return called


def _has_header(request: HttpRequest) -> bool:
    return "HTTP_AUTHORIZATION" in request.META


async def _caller(request: HttpRequest, scope: str | None, verified: bool | None) -> Identity | KeyIdentity:
    """Runs on the loop of the bridge, as below."""
    return await identify_any_sender(request.META.get("HTTP_AUTHORIZATION"), scope, verified=verified, ports=ports())


async def _identified(request: HttpRequest) -> Identity | None:
    """Runs on the loop of the bridge, whose ports are open there."""
    header = request.META["HTTP_AUTHORIZATION"]
    try:
        return await identify_sender(str(request.method), request.path, "", header, ports=ports())
    except MissingTokenError:  # another scheme
        return None
    except SessionRequiredError as error:  # told where the view asks who it is, if it takes no keys
        vars(request)[_REFUSAL] = error
        return None


def _process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
    return _answer(error) if isinstance(error, AuthError | RequestError) else None


def _answer(error: AuthError | RequestError) -> HttpResponse:
    body, status, headers = answer_to(error)
    return HttpResponse(body, status=status, headers=headers)
