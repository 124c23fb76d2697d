"""A span for each request, named as OpenTelemetry's conventions for HTTP servers say.

It holds the template of the path, never the path itself, and nothing of the query, headers or body: each may hold a
secret. Of an error it holds the type only, because messages quote what they are about.
"""

from collections import defaultdict

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leadnator_auth.entrypoints.telemetry.metrics import METHODS, UNMATCHED

_CONTEXT_HEADERS = (b"traceparent", b"tracestate")
_propagator = TraceContextTextMapPropagator()


class TracedRequests:
    """The layer that traces; it lies within the one that gives requests their ids."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        with self._tracer.start_as_current_span(
            method,
            context=_context_of(scope),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "leadnator_auth.request_id": scope["state"]["request_id"]},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note_status(span, message["status"])
                await send(message)

            try:
                await self._app(scope, receive, noted)
            except ClientDisconnect:
                raise
            except Exception as error:
                span.set_attribute("error.type", type(error).__qualname__)
                _note_status(span, 500)  # which is what a layer further out answers
                raise
            finally:
                route = scope["state"].get("route", UNMATCHED)
                span.set_attribute("http.route", route)
                span.update_name(f"{method} {route}")


def _context_of(scope: Scope) -> Context:
    """Returns the caller's trace, if the request names one (W3C Trace Context)."""
    carrier: dict[str, list[str]] = defaultdict(list)
    for name, value in scope["headers"]:
        if name in _CONTEXT_HEADERS:
            carrier[name.decode()].append(value.decode("latin-1"))
    return _propagator.extract(carrier, Context())


def _note_status(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))
