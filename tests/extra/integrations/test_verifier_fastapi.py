"""The dependency of the verifier in FastAPI: routes know who asks, and the document says how to authorize."""

from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient

from leadnator_auth.verifier import Verified, Verifier
from leadnator_auth.verifier.fastapi import verified_by
from tests.verifier.service import API_KEY, Service, serving


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as served:
        yield served


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with Verifier(service.url, api_key=API_KEY) as verifier:
        verifier.wait_until_ready(20)
        app = FastAPI()

        @app.get("/orders")
        async def orders(who: Annotated[Verified, Depends(verified_by(verifier))]) -> str:
            return who.user_id

        yield TestClient(app)


def test_a_route_knows_who_asks(client: TestClient, service: Service) -> None:
    answer = client.get("/orders", headers={"Authorization": f"Bearer {service.key.token()}"})
    assert (answer.status_code, answer.json()) == (200, "u_1")


def test_others_are_refused(client: TestClient, service: Service) -> None:
    assert client.get("/orders").status_code == 401
    answer = client.get("/orders", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_the_document_says_how_to_authorize(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"] == {
        "HTTPBearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    assert document["paths"]["/orders"]["get"]["security"] == [{"HTTPBearer": []}]
