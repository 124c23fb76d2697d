"""What a webhook looks like in the OpenAPI document: its members, what makes and changes one, and an example."""

from leadnator_auth.domain.entities.event import HAPPENINGS
from leadnator_auth.domain.entities.webhook import MAX_DESCRIPTION_LENGTH
from leadnator_auth.domain.values.webhook_url import MAX_URL_LENGTH, URL_PATTERN
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.schemas import Schema

_TYPES: Schema = {
    "type": "array",
    "items": {"type": "string", "enum": [event_type.value for event_type in HAPPENINGS]},
    "description": "The types of events that it is told of; none stands for all.",
    "examples": [["user.created"]],
}
_URL: Schema = {
    "type": "string",
    "maxLength": MAX_URL_LENGTH,
    "pattern": URL_PATTERN,
    "description": "Begins with https://, with neither a user nor a fragment in it.",
    "examples": ["https://crm.example.com/hooks/accounts"],
}
_DESCRIPTION: Schema = {
    "type": "string",
    "maxLength": MAX_DESCRIPTION_LENGTH,
    "pattern": schemas.LINE_PATTERN,
    "description": "A note for administrators.",
}
_ENABLED: Schema = {"type": "boolean", "description": "Whether it is told of anything."}
_SECRET: Schema = {
    "type": "string",
    "pattern": "^whsec_",
    "description": "What signs the messages, as Standard Webhooks has it; it is never shown again.",
}
WEBHOOK = schemas.closed(
    {
        "id": {"type": "string", "pattern": "^wh_", "examples": ["wh_123"]},
        "url": {"type": "string"},
        "types": _TYPES,
        "description": {"type": "string"},
        "enabled": _ENABLED,
        "created_at": schemas.INSTANT,
    },
    title="Webhook",
)
EXAMPLE = {
    "id": "wh_123",
    "url": "https://crm.example.com/hooks/accounts",
    "types": ["user.created"],
    "description": "CRM",
    "enabled": True,
    "created_at": "2026-01-01T12:00:00Z",
}
EXAMPLE_NEW = {name: EXAMPLE[name] for name in ("url", "types", "description")}
ANSWER = schemas.closed({"webhook": WEBHOOK})
ANSWER_WITH_SECRET = schemas.closed({"webhook": WEBHOOK, "secret": _SECRET})

NEW = {"url": _URL, "types": schemas.or_null(_TYPES), "description": schemas.or_null(_DESCRIPTION)}
CHANGES = {"url": _URL, "types": _TYPES, "description": _DESCRIPTION, "enabled": _ENABLED}
