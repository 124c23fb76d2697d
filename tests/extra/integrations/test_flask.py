"""A Flask host: its views call use cases over the bridge, know the user, and its refusals are problems."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import attrs
import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Role,
    change_user,
    create_api_key_for,
    create_user,
    identify,
    issue_media_token,
    list_sessions,
    log_in,
    log_out,
    parse_user_ref,
    sign_up,
)
from leadnator_auth.entrypoints.embedding import SyncBridge
from leadnator_auth.integrations.flask import (
    call,
    client,
    current_caller,
    current_identity,
    init_app,
    login_required,
    optional_identity,
    ports,
    role_required,
    verified_required,
)

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}


def report() -> dict[str, str]:
    return {"name": current_caller("reports").user.name}


def build(bridge: SyncBridge) -> Flask:
    app = Flask(__name__)
    init_app(app, bridge)

    @app.post("/signup")
    def signup() -> dict[str, str]:
        form = request.form
        work = sign_up(form.get("name"), form.get("email"), form.get("password"), client=client(), ports=ports())
        return {"token": call(work).token}

    @app.get("/profile")
    @login_required
    def profile() -> dict[str, str]:
        return {"name": current_identity().user.name}

    @app.get("/verified")
    @verified_required
    def verified() -> dict[str, str]:
        return {"email": str(current_identity(verified=True).user.email)}

    @app.get("/welcome")
    def welcome() -> dict[str, str]:
        identity = optional_identity()
        return {"name": identity.user.name if identity else ""}

    @app.get("/sessions")
    @login_required
    def sessions() -> list[str]:
        page = call(list_sessions(current_identity(), ports=ports()))
        return [f"{session.client.ip} {session.client.user_agent}" for session in page]

    @app.get("/files/<name>")
    def file(name: str) -> dict[str, str]:
        return {name: current_identity(media=True).user.name}

    app.get("/report")(report)

    @app.delete("/all")
    @role_required(Role.ADMIN)
    def delete_all() -> dict[str, str]:
        return {"all": "gone"}

    return app


@pytest.fixture
def browser(memory: MemoryPorts) -> Iterator[FlaskClient]:
    with SyncBridge(lambda: nullcontext(memory)) as bridge:
        yield build(bridge).test_client()


def bearer(browser: FlaskClient) -> dict[str, str]:
    return {"Authorization": f"bearer {browser.post('/signup', data=ALICE).get_json()['token']}"}


def test_views_know_the_user(browser: FlaskClient, memory: MemoryPorts) -> None:
    headers = bearer(browser)
    assert browser.get("/profile", headers=headers).json == {"name": "Alice"}
    assert browser.get("/welcome", headers=headers).json == {"name": "Alice"}
    assert browser.get("/welcome").json == {"name": ""}
    memory.clock.advance(days=8)
    assert browser.get("/profile", headers=headers).status_code == 401


def test_sessions_show_where_they_come_from(browser: FlaskClient) -> None:
    answer = browser.post(
        "/signup", data=ALICE, headers={"User-Agent": "curl/8"}, environ_base={"REMOTE_ADDR": "192.0.2.1"}
    )
    headers = {"Authorization": f"Bearer {answer.get_json()['token']}"}
    assert browser.get("/sessions", headers=headers).json == ["192.0.2.1 curl/8"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_token"),
        ({"Authorization": "Basic QTpC"}, "missing_token"),
        ({"Authorization": "Bearer "}, "missing_token"),
        ({"Authorization": "Bearer x"}, "invalid_token"),
        ({"Authorization": "Bearer ž"}, "invalid_token"),
    ],
    ids=ascii,
)
def test_refusals_are_problems(browser: FlaskClient, headers: dict[str, str], code: str) -> None:
    answer = browser.get(
        "/profile", headers={name: value.encode().decode("latin-1") for name, value in headers.items()}
    )
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (401, code)
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_a_use_case_refuses_is_a_problem_with_every_field(browser: FlaskClient) -> None:
    browser.post("/signup", data=ALICE)
    assert browser.post("/signup", data=ALICE).status_code == 409
    missing = browser.post("/signup", data={"name": "A"}).get_json(force=True)
    assert [error["field"] for error in missing["errors"]] == ["email", "password"]
    assert browser.get("/welcome", headers={"Authorization": "Bearer x"}).status_code == 401


def test_what_is_for_a_role_is_for_it_alone(browser: FlaskClient, memory: MemoryPorts) -> None:
    async def admin() -> str:
        await create_user(Actor.operator(), "Root", "r@example.com", "correct horse", is_admin=True, ports=memory)
        return (await log_in("r@example.com", "correct horse", ports=memory)).token

    assert browser.delete("/all", headers=bearer(browser)).status_code == 403
    assert browser.delete("/all").status_code == 401
    headers = {"Authorization": f"Bearer {asyncio.run(admin())}"}
    assert browser.delete("/all", headers=headers).json == {"all": "gone"}


def test_tokens_in_urls_are_for_media_alone(browser: FlaskClient, memory: MemoryPorts) -> None:
    async def media_token() -> tuple[str, str]:
        alice = await sign_up("Alice", "alice@example.com", "correct horse", ports=memory)
        identity = await identify(alice.token, ports=memory)
        return alice.token, issue_media_token(identity, "/files/a.png", ports=memory).token

    token, media = asyncio.run(media_token())
    assert browser.get("/files/a.png", query_string={"token": media}).json == {"a.png": "Alice"}
    assert browser.get("/files/b.png", query_string={"token": media}).status_code == 401
    assert browser.get("/files/a.png", query_string={"token": token}).json == {"a.png": "Alice"}
    assert browser.get("/profile", query_string={"token": token}).status_code == 401
    both = browser.get("/files/a.png", query_string={"token": token}, headers={"Authorization": f"Bearer {token}"})
    assert (both.status_code, both.get_json(force=True)["code"]) == (400, "invalid_request")


def test_a_user_is_looked_up_once_a_request(browser: FlaskClient, memory: MemoryPorts) -> None:
    headers = bearer(browser)
    app = browser.application
    with app.test_request_context(headers=headers):
        identity = current_identity()
        call(log_out(identity, ports=ports()))
        assert current_identity() is identity
    assert browser.get("/profile", headers=headers).status_code == 401


def test_many_threads_share_the_bridge(browser: FlaskClient) -> None:
    app = browser.application
    forms = [ALICE | {"email": f"user-{number}@example.com"} for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda form: app.test_client().post("/signup", data=form).status_code, forms))
    assert set(answers) == {200}


def test_an_application_without_accounts_is_told() -> None:
    with Flask(__name__).test_request_context(), pytest.raises(RuntimeError, match="init_app"):
        current_identity()


def test_a_view_may_be_for_who_is_verified(browser: FlaskClient, memory: MemoryPorts) -> None:
    headers = bearer(browser)
    answer = browser.get("/verified", headers=headers)
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (403, "email_not_verified")
    assert browser.get("/verified").status_code == 401
    alice = next(iter(memory.unit_of_work.tables.users))
    asyncio.run(change_user(Actor.operator(), alice, {"email_verified": True}, ports=memory))
    assert browser.get("/verified", headers=headers).json == {"email": "alice@example.com"}


def test_a_key_is_for_the_views_that_let_it_in(memory: MemoryPorts) -> None:
    policy = attrs.evolve(memory.policy, host_scopes=frozenset({"reports"}))
    with SyncBridge(lambda: nullcontext(attrs.evolve(memory, policy=policy))) as bridge:
        browser = build(bridge).test_client()
        session = bearer(browser)
        alice = parse_user_ref(ALICE["email"], ports=bridge.ports)
        made = [
            bridge.call(create_api_key_for(alice, "CI", scopes, ports=bridge.ports)) for scopes in (["reports"], [])
        ]
        with_scope, without = [{"Authorization": f"Bearer {each.secret}"} for each in made]
        for path in ("/profile", "/verified", "/welcome", "/files/a"):
            answer = browser.get(path, headers=with_scope)
            assert (answer.status_code, answer.get_json()["code"]) == (403, "session_required")
        assert [browser.get("/report", headers=each).status_code for each in (session, with_scope, without)] == [
            200,
            200,
            403,
        ]
        assert browser.get("/report").get_json()["code"] == "missing_token"
