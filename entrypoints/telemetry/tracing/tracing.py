"""The makers of spans: a layer around the application, and ports that report what they do for a request.

Spans go to an OpenTelemetry collector, by OTLP over HTTP, on a thread of its own.
"""

import asyncio
import logging
from collections.abc import Callable

import attrs
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.middleware import Middleware

from leadnator_auth import __version__
from leadnator_auth.domain import Ports
from leadnator_auth.entrypoints.telemetry.tracing.ports import TracedHasher, TracedIdentities, TracedUnitOfWork
from leadnator_auth.entrypoints.telemetry.tracing.requests import TracedRequests

CLOSE_TIMEOUT = 2.0
_TRACES = "/v1/traces"

# At DEBUG it prints whatever it sends.
logging.getLogger("urllib3").setLevel(logging.INFO)


class Tracing:
    """Traces by one provider."""

    def __init__(self, provider: TracerProvider, give_up: Callable[[], None] = lambda: None) -> None:
        """`give_up` ends the attempts to send spans that nobody takes."""
        self._provider = provider
        self._give_up = give_up
        self._tracer = provider.get_tracer("leadnator_auth", __version__)

    @property
    def layer(self) -> Middleware:
        """The layer with a span for each request."""
        return Middleware(TracedRequests, tracer=self._tracer)

    def traced(self, ports: Ports) -> Ports:
        """Returns ports with a span for everything slow: hashing, and each unit of work."""
        return attrs.evolve(
            ports,
            hasher=TracedHasher(ports.hasher, self._tracer),
            unit_of_work=TracedUnitOfWork(ports.unit_of_work, self._tracer),
            identities=TracedIdentities(ports.identities, self._tracer),
        )

    async def close(self) -> None:
        """Sends the spans not sent yet; a collector that is away does not delay the end of the process for long."""
        ending = asyncio.create_task(asyncio.to_thread(self._provider.shutdown))
        _, late = await asyncio.wait([ending], timeout=CLOSE_TIMEOUT)
        if late:
            self._give_up()
        await ending


def exporting_tracing(endpoint: str) -> Tracing:
    """Returns a tracer of requests that sends the spans to the collector at this base URL.

    Everything else is set by OpenTelemetry's own variables: OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES,
    OTEL_EXPORTER_OTLP_HEADERS.
    """
    resource = Resource.create({SERVICE_NAME: "leadnator-auth", SERVICE_VERSION: __version__})
    provider = TracerProvider(resource=resource)
    address = endpoint if endpoint.endswith(_TRACES) else endpoint + _TRACES
    exporter = OTLPSpanExporter(endpoint=address)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider, give_up=exporter.shutdown)
