"""The file with all that is kept about an account: a member for each table, and no secret in any."""

import json
from collections.abc import AsyncIterator, Mapping
from operator import attrgetter
from typing import Any

from leadnator_auth.domain import AccountExport, EmailChange, QueuedMail
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.views import account_view, event_view, exact_rfc3339

_CHUNK_CHARACTERS = 64 * 1024


async def written(export: AccountExport) -> AsyncIterator[str]:
    """Yields the text of the file; its events come last, and are read as they are written."""
    yield _text(_all_but_events(export)).removesuffix("}") + ',"events":['
    chunk, separator = "", ""
    async for event in export.events:
        chunk += separator + _text(event_view(event, rfc3339=exact_rfc3339))
        separator = ","
        if len(chunk) >= _CHUNK_CHARACTERS:
            yield chunk
            chunk = ""
    yield chunk + "]}"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=exact_rfc3339)


def _all_but_events(export: AccountExport) -> dict[str, object]:
    user = export.user
    return {
        "account": account_view(user)
        | _fields(user, "created_at", "email_verified_at", "session_epoch", "secret_epoch")
        | {
            "email_canonical": user.email.canonical,
            "pending_email_canonical": user.pending_email.canonical if user.pending_email else None,
        },
        "password": {"changed_at": export.password_changed_at},
        **{kind: [_fields(row, *fields) for row in getattr(export, kind)] for kind, fields in _FIELDS.items()},
        "email_changes": [_email_change(change) for change in export.email_changes],
        "known_clients": [_known_client(client) for client in export.known_clients],
        "mails": [_mail(mail) for mail in export.mails],
    }


_FIELDS = {
    "sessions": (
        "id",
        "created_at",
        "expires_at",
        "client.ip",
        "client.user_agent",
        "authenticated_at",
        "amr",
        "last_used_at",
    ),
    "one_time_tokens": ("purpose", "address", "issued_at", "expires_at", "used_at"),
    "api_keys": ("id", "name", "scopes", "created_at", "expires_at", "last_used_at"),
    "passkeys": (
        "id",
        "credential_id",
        "name",
        "sign_count",
        "backed_up",
        "transports",
        "created_at",
        "last_used_at",
    ),
    "totp_factors": ("id", "created_at", "confirmed_at", "last_used_at"),
    "recovery_codes": ("created_at",),
}
"""What is told of each row; whatever else it has is a secret, or could be used as one."""


def _fields(row: object, *fields: str) -> dict[str, Any]:
    """Returns some fields, with an instant as it is; a field of a part has its own name alone."""
    return {field.rpartition(".")[2]: attrgetter(field)(row) for field in fields}


def _email_change(change: EmailChange) -> Mapping[str, Any]:
    address = {"email": change.email.typed, "email_canonical": change.email.canonical}
    return address | _fields(change, "email_verified_at", "changed_at", "undoable_until", "epoch")


def _known_client(client: KnownClient) -> Mapping[str, Any]:
    return {"has_agent": bool(client.agent)} | _fields(client, "network", "seen_at")


def _mail(mail: QueuedMail) -> Mapping[str, Any]:
    told = _fields(mail, "id", "payload.kind", "payload.recipient", "payload.ip", "payload.user_agent", "queued_at")
    fate = _fields(mail, "state", "finished_at", "attempts", "last_error")
    return told | (dict.fromkeys(fate) if mail.payload.is_to_wanted_address else fate)


_LIST: Schema = {"type": "array", "items": {"type": "object"}}
EXPORT: Schema = schemas.closed(
    {
        "account": {"type": "object"},
        "password": schemas.closed({"changed_at": {"type": ["string", "null"], "format": "date-time"}}),
        **dict.fromkeys(
            (
                "sessions",
                "one_time_tokens",
                "email_changes",
                "known_clients",
                "api_keys",
                "passkeys",
                "totp_factors",
                "recovery_codes",
                "mails",
                "events",
            ),
            _LIST,
        ),
    }
)
EXAMPLE: Mapping[str, object] = {
    "account": schemas.EXAMPLE_ACCOUNT,
    "password": {"changed_at": "2026-01-01T12:00:00Z"},
    "sessions": [],
    "one_time_tokens": [],
    "email_changes": [],
    "known_clients": [{"network": "192.0.2.1", "has_agent": False, "seen_at": "2026-01-01T12:00:00Z"}],
    "api_keys": [],
    "passkeys": [],
    "totp_factors": [],
    "recovery_codes": [],
    "mails": [],
    "events": [],
}
