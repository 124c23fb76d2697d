"""A Django host, by WSGI and by ASGI: its views know the user, call use cases, and its refusals are problems."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import attrs
import django
import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Context, Engine
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Role,
    change_user,
    create_api_key_for,
    create_user,
    list_sessions,
    log_in,
    log_out,
    parse_user_ref,
    sign_up,
)
from leadnator_auth.entrypoints.embedding import SyncBridge
from leadnator_auth.integrations.django import (
    acall,
    acurrent_caller,
    call,
    client_of,
    current_caller,
    current_identity,
    login_required,
    optional_identity,
    ports,
    role_required,
    verified_required,
)

MIDDLEWARE = ["leadnator_auth.integrations.django.identity_middleware"]
ALICE = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}
Visit = Callable[..., HttpResponse]


def signup(request: HttpRequest) -> JsonResponse:
    form = request.POST
    work = sign_up(form.get("name"), form.get("email"), form.get("password"), client=client_of(request), ports=ports())
    return JsonResponse({"token": call(work).token})


@login_required
def profile(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"name": current_identity(request).user.name})


@login_required
async def async_profile(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"name": current_identity(request).user.name})


@verified_required
def verified(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"email": str(current_identity(request).user.email)})


@verified_required
async def async_verified(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"email": str(current_identity(request).user.email)})


def welcome(request: HttpRequest) -> HttpResponse:
    identity = optional_identity(request)
    shown = Engine().from_string("{{ request.identity.user.email }}").render(Context({"request": request}))
    return HttpResponse(f"{identity.user.name if identity else 'nobody'} {shown}")


@login_required
async def sessions(request: HttpRequest) -> JsonResponse:
    page = await acall(list_sessions(current_identity(request), ports=ports()))
    return JsonResponse({"sessions": [f"{session.client.ip} {session.client.user_agent}" for session in page]})


@login_required
async def logout(request: HttpRequest) -> JsonResponse:
    await acall(log_out(current_identity(request), ports=ports()))
    return JsonResponse({"ok": True})


@method_decorator(role_required(Role.ADMIN), name="dispatch")
class Everything(View):
    """A view that is a class."""

    def delete(self, request: HttpRequest, what: str) -> JsonResponse:
        return JsonResponse({what: "gone"})


def report(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"name": current_caller(request, "reports").user.name})


async def async_report(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"name": (await acurrent_caller(request, "reports")).user.name})


urlpatterns = [
    path("report", report),
    path("async-report", async_report),
    path("signup", signup),
    path("profile", profile),
    path("async-profile", async_profile),
    path("verified", verified),
    path("async-verified", async_verified),
    path("welcome", welcome),
    path("sessions", sessions),
    path("logout", logout),
    path("all/<what>", Everything.as_view()),
]
if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["testserver"], MIDDLEWARE=MIDDLEWARE, ROOT_URLCONF=__name__, SECRET_KEY="of tests", USE_TZ=True
    )
    django.setup()


@pytest.fixture
def bridge(memory: MemoryPorts) -> Iterator[SyncBridge]:
    with SyncBridge(lambda: nullcontext(memory)) as bridge, override_settings(LEADNATOR_AUTH_BRIDGE=bridge):
        yield bridge


@pytest.fixture(params=["wsgi", "asgi"])
def visit(request: pytest.FixtureRequest, bridge: SyncBridge) -> Visit:
    """Asks for a page by each way in; each visit by ASGI is on a loop of its own."""

    def by_wsgi(method: str, path: str, *args: Any, **named: Any) -> Any:
        return getattr(Client(), method)(path, *args, **named)

    def by_asgi(method: str, path: str, *args: Any, **named: Any) -> Any:
        async def asked() -> Any:
            return await getattr(AsyncClient(), method)(path, *args, **named)

        return asyncio.run(asked())

    return by_wsgi if request.param == "wsgi" else by_asgi


def bearer(visit: Visit) -> dict[str, str]:
    return {"Authorization": f"Bearer {visit('post', '/signup', ALICE).json()['token']}"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", ["/profile", "/async-profile"])
def test_views_know_the_user(visit: Visit, page: str) -> None:
    headers = bearer(visit)
    assert visit("get", page, headers=headers).content == b'{"name": "Alice"}'
    assert visit("get", "/welcome", headers=headers).content == b"Alice alice@example.com"
    assert visit("get", "/welcome").content == b"nobody "
    visit("post", "/logout", headers=headers)
    assert visit("get", page, headers=headers).status_code == 401


def test_sessions_show_where_they_come_from(visit: Visit) -> None:
    signed_up = visit("post", "/signup", ALICE, headers={"User-Agent": "curl/8"})
    headers = {"Authorization": f"Bearer {signed_up.json()['token']}"}  # type: ignore[attr-defined]
    assert visit("get", "/sessions", headers=headers).content == b'{"sessions": ["127.0.0.1 curl/8"]}'


@pytest.mark.parametrize("page", ["/profile", "/async-profile", "/all/of-it"])
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_token"),
        ({"Authorization": "Basic QTpC"}, "missing_token"),
        ({"Authorization": "Bearer "}, "missing_token"),
        ({"Authorization": "Bearer x"}, "invalid_token"),
    ],
    ids=ascii,
)
def test_refusals_are_problems(visit: Visit, page: str, headers: dict[str, str], code: str) -> None:
    answer = visit("get", page, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Cache-Control"] == "no-store"


def test_a_bad_token_is_refused_where_none_is_needed(visit: Visit) -> None:
    assert visit("get", "/welcome", headers={"Authorization": "Bearer x"}).status_code == 401


def test_what_a_use_case_refuses_is_a_problem_with_every_field(visit: Visit) -> None:
    visit("post", "/signup", ALICE)
    assert visit("post", "/signup", ALICE).status_code == 409
    missing = visit("post", "/signup", {"name": "A"}).json()  # type: ignore[attr-defined]
    assert [error["field"] for error in missing["errors"]] == ["email", "password"]


def test_what_is_for_a_role_is_for_it_alone(visit: Visit, memory: MemoryPorts) -> None:
    async def admin() -> str:
        await create_user(Actor.operator(), "Root", "r@example.com", "correct horse", is_admin=True, ports=memory)
        return (await log_in("r@example.com", "correct horse", ports=memory)).token

    assert visit("delete", "/all/of-it", headers=bearer(visit)).status_code == 403
    headers = {"Authorization": f"Bearer {asyncio.run(admin())}"}
    assert visit("delete", "/all/of-it", headers=headers).content == b'{"of-it": "gone"}'


def test_who_sends_no_token_costs_nothing(memory: MemoryPorts) -> None:
    bridge = SyncBridge(lambda: pytest.fail("it was opened"))
    with override_settings(LEADNATOR_AUTH_BRIDGE=bridge):
        assert Client().get("/welcome").content == b"nobody "
    bridge.close()


@pytest.mark.parametrize(
    "wrong", [{"LEADNATOR_AUTH_BRIDGE": None}, {"MIDDLEWARE": []}], ids=lambda wrong: next(iter(wrong))
)
def test_settings_that_lack_something_are_told(bridge: SyncBridge, wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with override_settings(**wrong), pytest.raises(RuntimeError, match=name):
        Client().get("/profile", headers={"Authorization": "Bearer x"})


@pytest.mark.parametrize("page", ["/verified", "/async-verified"])
def test_a_view_may_be_for_who_is_verified(visit: Visit, memory: MemoryPorts, page: str) -> None:
    headers = bearer(visit)
    answer = visit("get", page, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")  # type: ignore[attr-defined]
    assert visit("get", page).status_code == 401
    alice = next(iter(memory.unit_of_work.tables.users))
    asyncio.run(change_user(Actor.operator(), alice, {"email_verified": True}, ports=memory))
    assert visit("get", page, headers=headers).content == b'{"email": "alice@example.com"}'


@pytest.mark.parametrize("page", ["/report", "/async-report"])
def test_a_key_is_for_the_views_that_let_it_in(memory: MemoryPorts, visit: Visit, page: str) -> None:
    policy = attrs.evolve(memory.policy, host_scopes=frozenset({"reports"}))
    world = attrs.evolve(memory, policy=policy)
    with SyncBridge(lambda: nullcontext(world)) as bridge, override_settings(LEADNATOR_AUTH_BRIDGE=bridge):
        session = bearer(visit)
        alice = parse_user_ref(ALICE["email"], ports=world)
        made = [bridge.call(create_api_key_for(alice, "CI", scopes, ports=world)) for scopes in (["reports"], [])]
        with_scope, without = [{"Authorization": f"Bearer {each.secret}"} for each in made]
        for closed in ("/profile", "/async-profile", "/verified", "/welcome", "/sessions"):
            answer = visit("get", closed, headers=with_scope)
            assert (answer.status_code, answer.json()["code"]) == (403, "session_required")  # type: ignore[attr-defined]
        assert visit("get", closed, headers={"Authorization": "Bearer lnk_x"}).status_code == 401
        assert [visit("get", page, headers=each).status_code for each in (session, with_scope, without, {})] == [
            200,
            200,
            403,
            401,
        ]
