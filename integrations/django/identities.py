"""Who sends a request, as the middleware found it out; and who sends it by an API key."""

from django.http import HttpRequest

from leadnator_auth.domain import Client, Identity, KeyIdentity, SessionRequiredError
from leadnator_auth.entrypoints.http import MissingTokenError
from leadnator_auth.integrations.answering import client_at, identify_any_sender
from leadnator_auth.integrations.django.bridging import bridge, ports

REFUSAL = "leadnator_auth_refusal"
"""The attribute of a request with what a view is told that takes no keys."""


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
    refusal: SessionRequiredError | None = vars(request).get(REFUSAL)
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


async def _caller(request: HttpRequest, scope: str | None, verified: bool | None) -> Identity | KeyIdentity:
    """Runs on the loop of the bridge, whose ports are open there."""
    return await identify_any_sender(request.META.get("HTTP_AUTHORIZATION"), scope, verified=verified, ports=ports())
