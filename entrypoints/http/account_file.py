"""The file with all that is kept about an account: a member for each table, and no secret in any."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

from leadnator_auth.domain import AccountExport, ApiKey, EmailChange, OneTimeToken, QueuedMail, Session
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.passkey import Passkey
from leadnator_auth.domain.entities.totp_factor import TotpFactor
from leadnator_auth.domain.values.json_object import Json
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
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _all_but_events(export: AccountExport) -> dict[str, object]:
    user = export.user
    return {
        "account": account_view(user)
        | {
            "created_at": exact_rfc3339(user.created_at),
            "email_canonical": user.email.canonical,
            "pending_email_canonical": user.pending_email.canonical if user.pending_email else None,
            "email_verified_at": _at(user.email_verified_at),
            "session_epoch": user.session_epoch,
            "secret_epoch": user.secret_epoch,
        },
        "password": {"changed_at": _at(export.password_changed_at)},
        "sessions": [_session(session) for session in export.sessions],
        "one_time_tokens": [_token(token) for token in export.one_time_tokens],
        "email_changes": [_email_change(change) for change in export.email_changes],
        "known_clients": [_known_client(client) for client in export.known_clients],
        "api_keys": [_api_key(key) for key in export.api_keys],
        "passkeys": [_passkey(passkey) for passkey in export.passkeys],
        "totp_factors": [_totp_factor(factor) for factor in export.totp_factors],
        "recovery_codes": [{"created_at": exact_rfc3339(code.created_at)} for code in export.recovery_codes],
        "mails": [_mail(mail) for mail in export.mails],
    }


def _session(session: Session) -> Mapping[str, Json]:
    return {
        "id": session.id,
        "created_at": exact_rfc3339(session.created_at),
        "expires_at": exact_rfc3339(session.expires_at),
        "ip": session.client.ip,
        "user_agent": session.client.user_agent,
        "authenticated_at": exact_rfc3339(session.authenticated_at),
        "amr": [method.value for method in session.amr],
        "last_used_at": _at(session.last_used_at),
    }


def _token(token: OneTimeToken) -> Mapping[str, Json]:
    return {
        "purpose": token.purpose.value,
        "address": token.address,
        "issued_at": exact_rfc3339(token.issued_at),
        "expires_at": exact_rfc3339(token.expires_at),
        "used_at": _at(token.used_at),
    }


def _email_change(change: EmailChange) -> Mapping[str, Json]:
    return {
        "email": change.email.typed,
        "email_canonical": change.email.canonical,
        "email_verified_at": _at(change.email_verified_at),
        "changed_at": exact_rfc3339(change.changed_at),
        "undoable_until": exact_rfc3339(change.undoable_until),
        "epoch": change.epoch,
    }


def _known_client(client: KnownClient) -> Mapping[str, Json]:
    return {
        "network": client.network,
        "has_agent": bool(client.agent),
        "seen_at": exact_rfc3339(client.seen_at),
    }


def _api_key(key: ApiKey) -> Mapping[str, Json]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": exact_rfc3339(key.created_at),
        "expires_at": _at(key.expires_at),
        "last_used_at": _at(key.last_used_at),
    }


def _passkey(passkey: Passkey) -> Mapping[str, Json]:
    return {
        "id": passkey.id,
        "credential_id": passkey.credential_id,
        "name": passkey.name,
        "sign_count": passkey.sign_count,
        "backed_up": passkey.backed_up,
        "transports": list(passkey.transports),
        "created_at": exact_rfc3339(passkey.created_at),
        "last_used_at": _at(passkey.last_used_at),
    }


def _totp_factor(factor: TotpFactor) -> Mapping[str, Json]:
    return {
        "id": factor.id,
        "created_at": exact_rfc3339(factor.created_at),
        "confirmed_at": _at(factor.confirmed_at),
        "last_used_at": _at(factor.last_used_at),
    }


def _mail(mail: QueuedMail) -> Mapping[str, Json]:
    is_told = not mail.payload.is_to_wanted_address
    return {
        "id": mail.id,
        "kind": mail.payload.kind.value,
        "recipient": mail.payload.recipient,
        "ip": mail.payload.ip,
        "user_agent": mail.payload.user_agent,
        "state": mail.state.value if is_told else None,
        "queued_at": exact_rfc3339(mail.queued_at),
        "finished_at": _at(mail.finished_at) if is_told else None,
        "attempts": mail.attempts if is_told else None,
        "last_error": mail.last_error if is_told else None,
    }


def _at(instant: datetime | None) -> str | None:
    return exact_rfc3339(instant) if instant else None


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
