"""Views that block and views that do not, for users who are logged in and for everybody."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from leadnator_auth.domain import Role, log_in, log_out, sign_up
from leadnator_auth.integrations.django import (
    acall,
    call,
    client_of,
    current_identity,
    login_required,
    ports,
    role_required,
)


@require_POST
def post_signup(request: HttpRequest) -> JsonResponse:
    form = request.POST
    fields = (form.get("name"), form.get("email"), form.get("password"))
    return JsonResponse({"token": call(sign_up(*fields, client=client_of(request), ports=ports())).token})


@require_POST
async def post_login(request: HttpRequest) -> JsonResponse:
    form = request.POST
    work = log_in(form.get("email"), form.get("password"), client=client_of(request), ports=ports())
    return JsonResponse({"token": (await acall(work)).token})


@require_GET
@login_required
def profile(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"name": current_identity(request).user.name})


@require_GET
@role_required(Role.ADMIN)
async def statistics(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"notes": 0})


@require_POST
@login_required
async def post_logout(request: HttpRequest) -> JsonResponse:
    await acall(log_out(current_identity(request), ports=ports()))
    return JsonResponse({"ok": True})
