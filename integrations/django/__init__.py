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

from leadnator_auth.integrations.django.bridging import acall, bridge, call, ports
from leadnator_auth.integrations.django.decorators import login_required, role_required, verified_required
from leadnator_auth.integrations.django.identities import (
    acurrent_caller,
    client_of,
    current_caller,
    current_identity,
    optional_identity,
)
from leadnator_auth.integrations.django.middleware import identity_middleware

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
