"""The export of spans to an OpenTelemetry collector, by OTLP over HTTP, on a thread of its own."""

import logging

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from leadnator_auth import __version__
from leadnator_auth.entrypoints.telemetry.tracing.tracing import Tracing

_TRACES = "/v1/traces"

# At DEBUG it prints whatever it sends.
logging.getLogger("urllib3").setLevel(logging.INFO)


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
