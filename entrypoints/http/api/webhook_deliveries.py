"""The calls for administrators about what is on its way to a webhook."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import list_webhook_deliveries, retry_webhook_delivery, send_test_event
from leadnator_auth.domain.entities.outbox import DeliveryState
from leadnator_auth.domain.errors import ForbiddenError, NotFoundError
from leadnator_auth.entrypoints.http.api.webhooks import GROUP, WEBHOOK_ID, require_them, webhook_id_of
from leadnator_auth.entrypoints.http.context import actor_of, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.lists import CURSOR, LIMIT, page_of
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.reading.query import limit_of, parameter, refusing_bad_queries
from leadnator_auth.entrypoints.views import delivery_view


async def get_deliveries(request: Request) -> Response:
    """GET /api/admin/webhooks/{id}/deliveries"""
    require_them(request)
    actor = await actor_of(request)
    cursor, limit = parameter(request, "cursor"), limit_of(request)
    with refusing_bad_queries():
        page = await list_webhook_deliveries(actor, webhook_id_of(request), limit, cursor, ports=ports_of(request))
    deliveries = [delivery_view(delivery) for delivery in page.entries]
    return JSONResponse({"deliveries": deliveries, "next_cursor": page.next_cursor})


async def post_retry(request: Request) -> Response:
    """POST /api/admin/webhooks/{id}/deliveries/{delivery_id}/retry"""
    require_them(request)
    actor = await actor_of(request)
    webhook_id, delivery_id = webhook_id_of(request), request.path_params["delivery_id"]
    delivery = await retry_webhook_delivery(actor, webhook_id, delivery_id, ports=ports_of(request))
    return JSONResponse({"delivery": delivery_view(delivery)})


async def post_test(request: Request) -> Response:
    """POST /api/admin/webhooks/{id}/test"""
    require_them(request)
    actor = await actor_of(request)
    delivery = await send_test_event(actor, webhook_id_of(request), ports=ports_of(request))
    return JSONResponse({"delivery": delivery_view(delivery)})


_INSTANT_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
_DELIVERY = schemas.closed(
    {
        "id": {"type": "string", "pattern": "^d_", "examples": ["d_123"]},
        "event_id": {"type": "string", "pattern": "^e_", "description": "The webhook-id of its messages."},
        "type": {"type": "string", "description": "The type of the event."},
        "state": {"type": "string", "enum": [state.value for state in DeliveryState]},
        "attempts": {"type": "integer", "minimum": 0},
        "created_at": schemas.INSTANT,
        "next_attempt_at": {**_INSTANT_OR_NULL, "description": "Null once it was sent or given up."},
        "finished_at": {**_INSTANT_OR_NULL, "description": "Null until it was sent or given up."},
        "last_error": {"type": ["string", "null"], "description": "Why the last attempt failed."},
    },
    title="Delivery",
)
_SENT = {
    "id": "d_123",
    "event_id": "e_123",
    "type": "user.created",
    "state": "sent",
    "attempts": 1,
    "created_at": "2026-01-01T12:00:00Z",
    "next_attempt_at": None,
    "finished_at": "2026-01-01T12:00:01Z",
    "last_error": None,
}
_QUEUED = _SENT | {"state": "queued", "attempts": 0, "next_attempt_at": "2026-01-01T12:00:00Z", "finished_at": None}
_DELIVERY_ID = Parameter("delivery_id", "path", {"type": "string"}, "d_123")
_ONE_DELIVERY = schemas.closed({"delivery": _DELIVERY})

operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="GET",
        path="/api/admin/webhooks/{id}/deliveries",
        handler=get_deliveries,
        name="list_webhook_deliveries",
        summary="List what is or was on its way to a webhook, newest first.",
        parameters=(WEBHOOK_ID, LIMIT, CURSOR),
        success=page_of("deliveries", _DELIVERY),
        example_answer={"deliveries": [_SENT], "next_cursor": None},
        refusals=(ForbiddenError, NotFoundError),
    ),
    operation(
        method="POST",
        path="/api/admin/webhooks/{id}/deliveries/{delivery_id}/retry",
        handler=post_retry,
        name="retry_webhook_delivery",
        summary="Send once more what waits, was given up, or was sent already.",
        parameters=(WEBHOOK_ID, _DELIVERY_ID),
        success=_ONE_DELIVERY,
        example_answer={"delivery": _QUEUED | {"attempts": 1}},
        refusals=(ForbiddenError, NotFoundError),
    ),
    operation(
        method="POST",
        path="/api/admin/webhooks/{id}/test",
        handler=post_test,
        name="send_test_event",
        summary="Post an event of the type `webhook.test`, whatever types the webhook wants.",
        parameters=(WEBHOOK_ID,),
        success=_ONE_DELIVERY,
        example_answer={"delivery": _QUEUED | {"type": "webhook.test"}},
        refusals=(ForbiddenError, NotFoundError),
    ),
)
