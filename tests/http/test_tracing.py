"""Traces: a span for each request with what helps, never with a secret, and part of the caller's trace."""

from collections.abc import AsyncIterator, Sequence

import attrs
import httpx2
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette

from leadnator_auth.adapters.memory import CheapHasher, MemoryPorts
from leadnator_auth.domain import Client, OverloadedError, Password, UnavailableError, deliver_due_mails
from leadnator_auth.entrypoints.http import create_app
from leadnator_auth.entrypoints.telemetry.tracing.tracing import Tracing

ALICE = {"name": "Alice", "email": "alice@example.com", "password": "minimum-6-chars"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(provider)


@pytest.fixture
async def traced(memory: MemoryPorts, tracing: Tracing) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(tracing.traced(memory), layers=[tracing.layer], cors_origins=["https://app.example.com"])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://auth.test") as client:
        yield client


def request_span(spans: Sequence[ReadableSpan]) -> ReadableSpan:
    (span,) = [span for span in spans if span.kind is SpanKind.SERVER]
    return span


async def test_a_request_is_a_span_with_route_method_status_and_id(
    traced: httpx2.AsyncClient, exporter: InMemorySpanExporter
) -> None:
    answer = await traced.delete("/api/auth/sessions/s_1")
    span = request_span(exporter.get_finished_spans())
    assert span.name == "DELETE /api/auth/sessions/{id}"
    assert dict(span.attributes or {}) == {
        "http.request.method": "DELETE",
        "http.route": "/api/auth/sessions/{id}",
        "http.response.status_code": 401,
        "leadnator_auth.request_id": answer.headers["X-Request-Id"],
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.parent is None


async def test_hashes_and_units_of_work_are_within_it(
    traced: httpx2.AsyncClient, exporter: InMemorySpanExporter
) -> None:
    token = (await traced.post("/api/auth/signup", json=ALICE)).json()["token"]
    spans = exporter.get_finished_spans()
    request = request_span(spans)
    children = [span for span in spans if span is not request]
    assert {span.name for span in children} >= {"hash password", "database transaction"}
    assert request.context is not None
    assert {span.parent.span_id for span in children if span.parent} == {request.context.span_id}
    exporter.clear()
    await traced.post("/api/auth/login", json=ALICE)
    assert {"verify password", "database snapshot"} <= {span.name for span in exporter.get_finished_spans()}
    exporter.clear()
    await traced.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert [span.name for span in exporter.get_finished_spans()] == ["database identity", "GET /api/auth/me"]


async def test_it_is_part_of_the_callers_trace(traced: httpx2.AsyncClient, exporter: InMemorySpanExporter) -> None:
    await traced.get("/healthz", headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    span = request_span(exporter.get_finished_spans())
    assert span.context is not None
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, CALLER)


async def test_a_caller_may_ask_not_to_be_traced(traced: httpx2.AsyncClient, exporter: InMemorySpanExporter) -> None:
    await traced.get("/healthz", headers={"traceparent": f"00-{TRACE}-{CALLER}-00"})
    assert exporter.get_finished_spans() == ()


@pytest.mark.parametrize("hostile", ["", "00", f"00-{TRACE}-{CALLER}", f"00-{'0' * 32}-{CALLER}-01", "ü" * 9000])
async def test_a_malformed_caller_is_ignored(
    traced: httpx2.AsyncClient, exporter: InMemorySpanExporter, hostile: str
) -> None:
    answer = await traced.get("/healthz", headers=[(b"traceparent", hostile.encode("latin-1"))])
    assert answer.status_code == 200
    assert request_span(exporter.get_finished_spans()).parent is None


async def test_nothing_in_it_is_secret_or_about_a_user(
    traced: httpx2.AsyncClient, exporter: InMemorySpanExporter, memory: MemoryPorts
) -> None:
    answer = (await traced.post("/api/auth/signup", json=ALICE)).json()
    await traced.get(f"/api/auth/me?token={answer['token']}", headers={"baggage": "user=alice@example.com"})
    await traced.get("/reset-password?token=reset_SECRET")
    await traced.get("/nothing/at/alice@example.com")
    await traced.get(f"/api/admin/users/{answer['user']['id']}?query=alice", headers={"Cookie": "a=SECRET"})
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    for secret in (answer["token"], answer["user"]["id"], "SECRET", "alice", ALICE["password"]):
        assert secret not in told
    assert "unmatched" in told


class Failing(CheapHasher):
    """Fails with what it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def hash(self, password: Password, client: Client = Client()) -> str:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "of_request"),
    [(OverloadedError(), 503, None), (UnavailableError("SECRET"), 503, None), (KeyError("SECRET"), 500, "KeyError")],
)
async def test_failures_have_a_type_and_no_words(
    memory: MemoryPorts,
    tracing: Tracing,
    exporter: InMemorySpanExporter,
    error: Exception,
    status: int,
    of_request: str | None,
) -> None:
    ports = attrs.evolve(memory, hasher=Failing(error))
    app = create_app(tracing.traced(ports), layers=[tracing.layer])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://auth.test") as client:
        assert (await client.post("/api/auth/signup", json=ALICE)).status_code == status
    spans = exporter.get_finished_spans()
    span = request_span(spans)
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {}).get("http.response.status_code") == status
    assert (span.attributes or {}).get("error.type") == of_request
    (hashing,) = [span for span in spans if span.name == "hash password"]
    assert (hashing.attributes or {})["error.type"] == type(error).__name__
    assert "SECRET" not in "".join(each.to_json() for each in spans)


async def test_a_preflight_and_a_made_up_method_have_names_of_few(
    traced: httpx2.AsyncClient, exporter: InMemorySpanExporter
) -> None:
    headers = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    await traced.options("/api/auth/login", headers=headers)
    await traced.request("FROBNICATE", "/healthz")
    assert [span.name for span in exporter.get_finished_spans()] == ["OPTIONS unmatched", "_OTHER /healthz"]


async def test_what_no_request_asks_for_is_not_traced(
    memory: MemoryPorts, tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    await deliver_due_mails(ports=tracing.traced(memory))
    assert exporter.get_finished_spans() == ()


def test_without_tracing_there_is_no_layer_for_it(memory: MemoryPorts) -> None:
    def layers_of(app: Starlette) -> list[str]:
        names: list[str] = []
        layer: object = app.build_middleware_stack()
        while layer is not None:
            names.append(type(layer).__name__)
            layer = vars(layer).get("_app")
        return names

    assert layers_of(create_app(memory)) == ["Envelope", "FixedPaths"]
