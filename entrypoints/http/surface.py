"""What is served: more at the root of a server than below the path of a host application."""

from functools import lru_cache

import attrs
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from leadnator_auth.entrypoints.http.api.operations import OPERATIONS
from leadnator_auth.entrypoints.http.location import base_path
from leadnator_auth.entrypoints.http.openapi.document import openapi_document
from leadnator_auth.entrypoints.http.openapi.operation import Operation
from leadnator_auth.entrypoints.http.pages.reference import render_reference
from leadnator_auth.entrypoints.http.pages.rendering import PAGE_HEADERS

METRICS_PATH = "/metrics"
DEFAULT_BASE_URL = "http://127.0.0.1:8000"
_KEPT_DOCUMENTS = 8
"""For as many places; what a host has in the path before ours may be up to its clients."""


@attrs.frozen
class Surface:
    """What an application shows of itself."""

    public_url: str | None = None
    has_docs: bool = True
    has_metrics: bool | None = None
    """None: at the root of a server alone; below a host's path, they would be open to whom the host is open to."""

    def operations(self, base: str) -> tuple[Operation, ...]:
        """Returns what can be called below this path."""
        has_metrics = not base if self.has_metrics is None else self.has_metrics
        return OPERATIONS if has_metrics else tuple(each for each in OPERATIONS if each.path != METRICS_PATH)


@lru_cache(_KEPT_DOCUMENTS)
def _document(surface: Surface, base: str) -> Response:
    return JSONResponse(openapi_document(surface.public_url, base, surface.operations(base)))


@lru_cache(_KEPT_DOCUMENTS)
def _reference(surface: Surface, base: str) -> Response:
    url = surface.public_url or DEFAULT_BASE_URL + base
    return HTMLResponse(render_reference(url, base, surface.operations(base)), headers=PAGE_HEADERS)


async def get_openapi(request: Request) -> Response:
    """GET /openapi.json"""
    return _document(request.app.state.surface, base_path(request.scope))


async def get_reference(request: Request) -> Response:
    """GET /docs"""
    return _reference(request.app.state.surface, base_path(request.scope))
