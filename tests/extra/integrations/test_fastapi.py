"""A FastAPI host: its routes know the user, its document says how to authorize, and its refusals are problems."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import attrs
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.testclient import TestClient

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    Identity,
    KeyIdentity,
    Ports,
    Role,
    UnavailableError,
    change_user,
    create_api_key_for,
    create_user,
    identify,
    list_users,
    log_in,
    parse_user_ref,
)
from leadnator_auth.entrypoints.embedding import Settings
from leadnator_auth.integrations.fastapi import (
    CurrentIdentity,
    CurrentUser,
    MediaIdentity,
    OptionalIdentity,
    VerifiedIdentity,
    allow_api_keys,
    current_identity,
    mount_accounts,
    ports_of,
    require_role,
)

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "correct horse"}
VERIFIED = {"email_verified": True}
router = APIRouter(prefix="/notes")


@router.get("")
async def notes(identity: CurrentIdentity) -> str:
    return identity.user.name


@router.get("/mine")
def mine(user: CurrentUser) -> str:
    return str(user.email)


@router.get("/verified")
async def verified(identity: VerifiedIdentity) -> str:
    return str(identity.user.email)


@router.get("/welcome")
async def welcome(identity: OptionalIdentity) -> str | None:
    return identity.user.name if identity else None


@router.get("/files/{name}")
async def file(name: str, identity: MediaIdentity) -> str:
    return f"{name} for {identity.user.name}"


@router.delete("/all", dependencies=[Depends(require_role(Role.ADMIN))])
async def delete_all() -> str:
    return "gone"


@router.get("/report")
async def report(caller: Annotated[Identity | KeyIdentity, Depends(allow_api_keys("reports"))]) -> str:
    return caller.user.name


@router.get("/count")
async def count(request: Request) -> int:
    return len((await list_users(Actor.operator(), ports=ports_of(request))).entries)


@router.get("/away")
async def away() -> None:
    raise UnavailableError


def host(memory: MemoryPorts) -> FastAPI:
    app = FastAPI()
    app.include_router(router)
    mount_accounts(app, lambda: nullcontext(memory), prefix="/accounts")
    return app


@pytest.fixture
def client(memory: MemoryPorts) -> Iterator[TestClient]:
    with TestClient(host(memory)) as client:
        yield client


def token_of(client: TestClient) -> str:
    token: str = client.post("/accounts/api/auth/signup", json=ALICE).json()["token"]
    return token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_routes_know_the_user(client: TestClient) -> None:
    headers = bearer(token_of(client))
    assert client.get("/notes", headers=headers).json() == "Alice"
    assert client.get("/notes/mine", headers=headers).json() == "alice@example.com"
    assert client.get("/notes/welcome", headers=headers).json() == "Alice"
    assert client.get("/notes/welcome").json() is None
    assert client.get("/notes/count").json() == 1
    client.post("/accounts/api/auth/logout", headers=headers)
    assert client.get("/notes", headers=headers).status_code == 401


def test_a_client_that_goes_by_the_document_is_let_in(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    (name,) = {name for need in document["paths"]["/notes"]["get"]["security"] for name in need}
    scheme = document["components"]["securitySchemes"][name]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    sent = {"Authorization": f"{scheme['scheme']} {token_of(client)}"}
    assert client.get("/notes", headers=sent).json() == "Alice"


@pytest.mark.parametrize(
    ("path", "method"),
    [("", "get"), ("/mine", "get"), ("/welcome", "get"), ("/files/{name}", "get"), ("/all", "delete")],
)
def test_every_route_that_asks_for_the_user_can_be_authorized_in_the_docs(
    client: TestClient, path: str, method: str
) -> None:
    document = client.get("/openapi.json").json()
    assert document["paths"][f"/notes{path}"][method]["security"]
    assert "security" not in document["paths"]["/notes/count"]["get"]
    assert "/openapi.json" in client.get("/docs").text


REFUSED: list[tuple[dict[str, str], int, str]] = [
    ({}, 401, "missing_token"),
    ({"Authorization": "Basic QTpC"}, 401, "missing_token"),
    ({"Authorization": "Bearer x"}, 401, "invalid_token"),
    ({"Authorization": "Bearer "}, 401, "missing_token"),
]


@pytest.mark.parametrize("path", ["/notes", "/notes/mine", "/notes/files/a.png"])
@pytest.mark.parametrize(("headers", "status", "code"), REFUSED, ids=ascii)
def test_refusals_are_problems(client: TestClient, path: str, headers: dict[str, str], status: int, code: str) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["type"] == f"/accounts/docs#{code}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["cache-control"] == "no-store"


def test_an_optional_user_with_a_bad_token_is_refused(client: TestClient) -> None:
    assert client.get("/notes/welcome", headers={"Authorization": "Bearer x"}).json()["code"] == "invalid_token"


def test_what_a_use_case_raises_in_a_route_is_a_problem(client: TestClient) -> None:
    answer = client.get("/notes/away")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "5")


def test_what_is_for_a_role_is_for_it_alone(client: TestClient, memory: MemoryPorts) -> None:
    async def admin() -> str:
        await create_user(Actor.operator(), "Root", "r@example.com", "correct horse", is_admin=True, ports=memory)
        return (await log_in("r@example.com", "correct horse", ports=memory)).token

    refused = client.delete("/notes/all", headers=bearer(token_of(client)))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert client.delete("/notes/all").status_code == 401
    assert client.delete("/notes/all", headers=bearer(asyncio.run(admin()))).json() == "gone"


def test_tokens_in_urls_are_for_media_alone(client: TestClient) -> None:
    token = token_of(client)
    made = client.post("/accounts/api/auth/media-token", json={"path": "/notes/files/a.png"}, headers=bearer(token))
    media_token = made.json()["token"]
    assert client.get("/notes/files/a.png", params={"token": media_token}).json() == "a.png for Alice"
    assert client.get("/notes/files/b.png", params={"token": media_token}).status_code == 401
    assert client.get("/notes", params={"token": token}).json()["code"] == "missing_token"


def test_ports_are_open_around_the_lifespan_of_the_host(memory: MemoryPorts) -> None:
    told: list[str] = []

    @asynccontextmanager
    async def world() -> AsyncIterator[Ports]:
        told.append("opened")
        yield memory
        told.append("closed")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        told.append(f"began with {type(app.state.accounts_ports).__name__}")
        yield {"of": "the host"}
        told.append("ended")

    app = FastAPI(lifespan=lifespan)

    @app.get("/state")
    async def state(request: Request) -> str:
        return str(request.state.of)

    mount_accounts(app, world)
    with TestClient(app) as client:
        assert client.get("/state").json() == "the host"
    assert told == ["opened", "began with MemoryPorts", "ended", "closed"]


def test_settings_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = FastAPI()
    mount_accounts(app, Settings(database_url="sqlite:///a.db", bcrypt_cost=4), prefix="/a/b")
    with TestClient(app) as client:
        assert client.post("/a/b/api/auth/signup", json=ALICE).status_code == 200


def test_a_host_without_accounts_is_told() -> None:
    app = FastAPI()
    app.include_router(router)
    with TestClient(app) as client, pytest.raises(RuntimeError, match="mount_accounts"):
        client.get("/notes", headers={"Authorization": "Bearer x"})


def test_a_test_may_replace_the_dependency(memory: MemoryPorts, client: TestClient) -> None:
    app = host(memory)
    alice = asyncio.run(identify(token_of(client), ports=memory))
    app.dependency_overrides[current_identity] = lambda: alice
    with TestClient(app) as other:
        assert other.get("/notes").json() == "Alice"
        assert other.get("/notes/mine").json() == "alice@example.com"


def test_a_route_may_be_for_who_is_verified(client: TestClient, memory: MemoryPorts) -> None:
    headers = {"Authorization": f"Bearer {token_of(client)}"}
    answer = client.get("/notes/verified", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")
    assert client.get("/notes/verified").json()["code"] == "missing_token"
    asyncio.run(change_user(Actor.operator(), next(iter(memory.unit_of_work.tables.users)), VERIFIED, ports=memory))
    assert client.get("/notes/verified", headers=headers).json() == "alice@example.com"


@pytest.mark.parametrize("path", ["/notes", "/notes/mine", "/notes/welcome", "/notes/files/a"])
def test_a_key_is_refused_where_nobody_lets_it_in(client: TestClient, memory: MemoryPorts, path: str) -> None:
    token_of(client)
    headers = {"Authorization": f"Bearer {key_of(memory)}"}
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "session_required")


def test_a_route_may_be_for_keys_with_a_scope_too(memory: MemoryPorts) -> None:
    ports = attrs.evolve(memory, policy=attrs.evolve(memory.policy, host_scopes=frozenset({"reports"})))
    with TestClient(host(ports)) as client:
        token = token_of(client)
        credentials = [token, key_of(ports, "reports"), key_of(ports), "lnk_x"]
        answers = [client.get("/notes/report", headers={"Authorization": f"Bearer {each}"}) for each in credentials]
        assert [answer.status_code for answer in answers] == [200, 200, 403, 401]
        assert answers[2].json()["code"] == "insufficient_scope"
        assert answers[2].headers["WWW-Authenticate"].endswith(', scope="reports"')
        assert client.get("/notes/report").json()["code"] == "missing_token"


def key_of(ports: MemoryPorts, *scopes: str) -> str:
    alice = parse_user_ref(ALICE["email"], ports=ports)
    return asyncio.run(create_api_key_for(alice, "CI", list(scopes), ports=ports)).secret
