"""Decorators of views, asynchronous or not: who may see them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest

from leadnator_auth.domain import EmailNotVerifiedError, ForbiddenError, Identity, Role
from leadnator_auth.integrations.django.identities import current_identity

View = Callable[..., Any]  # Django's views take what their URL has, and some are coroutines


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
