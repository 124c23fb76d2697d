"""The calls for administrators about webhooks: who is told of events, of which, and by which secret."""

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import (
    SubscribedWebhook,
    WebhookId,
    WebhookWithSecret,
    add_webhook,
    change_webhook,
    list_webhooks,
    remove_webhook,
    rotate_webhook_secret,
    show_webhook,
)
from leadnator_auth.domain.errors import ForbiddenError, NotFoundError, TooManyWebhooksError
from leadnator_auth.domain.use_cases.steps.webhook_access import check_webhooks_on
from leadnator_auth.entrypoints.http.api import webhook_schemas
from leadnator_auth.entrypoints.http.context import actor_of, done, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import Operation, Parameter
from leadnator_auth.entrypoints.http.reading.body import read_fields, read_members
from leadnator_auth.entrypoints.http.security_events import log_event
from leadnator_auth.entrypoints.views import webhook_view


async def get_webhooks(request: Request) -> Response:
    """GET /api/admin/webhooks"""
    require_them(request)
    webhooks = await list_webhooks(await actor_of(request), ports=ports_of(request))
    return JSONResponse({"webhooks": [webhook_view(webhook) for webhook in webhooks]})


async def post_webhook(request: Request) -> Response:
    """POST /api/admin/webhooks"""
    require_them(request)
    actor = await actor_of(request)
    url, types, description = await read_fields(request, "url", "types", "description")
    made = await add_webhook(actor, url, types, description, ports=ports_of(request))
    log_event(request, "webhook_added", actor=actor.id, webhook=made.webhook.webhook.id)
    return _secret_told(made)


async def get_webhook(request: Request) -> Response:
    """GET /api/admin/webhooks/{id}"""
    require_them(request)
    return _told(await show_webhook(await actor_of(request), webhook_id_of(request), ports=ports_of(request)))


async def patch_webhook(request: Request) -> Response:
    """PATCH /api/admin/webhooks/{id}"""
    require_them(request)
    actor = await actor_of(request)
    changes = await read_members(request)
    webhook = await change_webhook(actor, webhook_id_of(request), changes, ports=ports_of(request))
    log_event(request, "webhook_changed", actor=actor.id, webhook=webhook.webhook.id)
    return _told(webhook)


async def delete_webhook(request: Request) -> Response:
    """DELETE /api/admin/webhooks/{id}"""
    require_them(request)
    actor = await actor_of(request)
    webhook = await remove_webhook(actor, webhook_id_of(request), ports=ports_of(request))
    log_event(request, "webhook_removed", actor=actor.id, webhook=webhook.webhook.id)
    return done()


async def post_rotate_secret(request: Request) -> Response:
    """POST /api/admin/webhooks/{id}/rotate-secret"""
    require_them(request)
    actor = await actor_of(request)
    made = await rotate_webhook_secret(actor, webhook_id_of(request), ports=ports_of(request))
    log_event(request, "webhook_secret_rotated", actor=actor.id, webhook=made.webhook.webhook.id)
    return _secret_told(made)


def require_them(request: Request) -> None:
    """Says that nothing is here, whatever was sent, before any of it is read.

    Raises: NotFoundError where webhooks are off.
    """
    check_webhooks_on(ports_of(request))


def webhook_id_of(request: Request) -> WebhookId:
    """Returns the id in the path."""
    return WebhookId(request.path_params["id"])


def _told(webhook: SubscribedWebhook) -> Response:
    return JSONResponse({"webhook": webhook_view(webhook)})


def _secret_told(made: WebhookWithSecret) -> Response:
    return JSONResponse({"webhook": webhook_view(made.webhook), "secret": made.secret})


GROUP = "Webhooks"
WEBHOOK_ID = Parameter("id", "path", {"type": "string"}, "wh_123")

operation = partial(Operation, group=GROUP, needs_token=True)
OPERATIONS: tuple[Operation, ...] = (
    operation(
        method="GET",
        path="/api/admin/webhooks",
        handler=get_webhooks,
        name="list_webhooks",
        summary="List the webhooks, newest first.",
        success=schemas.closed({"webhooks": {"type": "array", "items": webhook_schemas.WEBHOOK}}),
        example_answer={"webhooks": [webhook_schemas.EXAMPLE]},
        refusals=(ForbiddenError, NotFoundError),
    ),
    operation(
        method="POST",
        path="/api/admin/webhooks",
        handler=post_webhook,
        name="add_webhook",
        summary="Have events posted to a URL from now on, and return the secret that signs them.",
        body=webhook_schemas.NEW,
        optional=("types", "description"),
        example_body=webhook_schemas.EXAMPLE_NEW,
        success=webhook_schemas.ANSWER_WITH_SECRET,
        example_answer={"webhook": webhook_schemas.EXAMPLE, "secret": "whsec_…"},
        refusals=(ForbiddenError, NotFoundError, TooManyWebhooksError),
    ),
    operation(
        method="GET",
        path="/api/admin/webhooks/{id}",
        handler=get_webhook,
        summary="Return a webhook.",
        parameters=(WEBHOOK_ID,),
        success=webhook_schemas.ANSWER,
        example_answer={"webhook": webhook_schemas.EXAMPLE},
        refusals=(ForbiddenError, NotFoundError),
    ),
    operation(
        method="PATCH",
        path="/api/admin/webhooks/{id}",
        handler=patch_webhook,
        name="change_webhook",
        summary="Change a webhook; `enabled` takes one up again that answered 410 Gone.",
        parameters=(WEBHOOK_ID,),
        body=webhook_schemas.CHANGES,
        is_patch=True,
        example_body={"types": [], "enabled": True},
        success=webhook_schemas.ANSWER,
        example_answer={"webhook": webhook_schemas.EXAMPLE | {"types": []}},
        refusals=(ForbiddenError, NotFoundError),
    ),
    operation(
        method="DELETE",
        path="/api/admin/webhooks/{id}",
        handler=delete_webhook,
        summary="Remove a webhook; what waits for it is never sent.",
        parameters=(WEBHOOK_ID,),
        refusals=(ForbiddenError, NotFoundError),
    ),
    operation(
        method="POST",
        path="/api/admin/webhooks/{id}/rotate-secret",
        handler=post_rotate_secret,
        name="rotate_webhook_secret",
        summary="Return a new secret; for 24 hours, the one before signs beside it.",
        parameters=(WEBHOOK_ID,),
        success=webhook_schemas.ANSWER_WITH_SECRET,
        example_answer={"webhook": webhook_schemas.EXAMPLE, "secret": "whsec_…"},
        refusals=(ForbiddenError, NotFoundError),
    ),
)
