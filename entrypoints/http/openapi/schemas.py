"""The shapes of requests and answers in JSON Schema 2020-12; a schema with a title becomes a component of that name."""

from collections.abc import Mapping
from typing import Any

from leadnator_auth.domain.entities.user import MAX_NAME_LENGTH
from leadnator_auth.domain.values.media_path import MAX_PATH_LENGTH
from leadnator_auth.domain.values.password import MAX_PASSWORD_BYTES

Schema = Mapping[str, Any]  # JSON Schema is JSON: any value may stand at any key

_CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"
_SEGMENT = rf"/(?!\.{{1,2}}(?:/|$))[^{_CONTROLS}/\\%?#;]+"

NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_NAME_LENGTH,
    "pattern": rf"^[^{_CONTROLS}]*[^{_CONTROLS}\s][^{_CONTROLS}]*$",
    "description": "Counted after trimming; without control characters, and something of it is visible.",
    "examples": ["Alice"],
}
LINE_PATTERN = rf"^[^{_CONTROLS}]*$"
"""A text without control characters, which may be empty."""
EMAIL: Schema = {
    "type": "string",
    "format": "email",
    "maxLength": 254,
    "description": "One plain address; upper and lower case are the same account.",
    "examples": ["alice@example.com"],
}
PASSWORD: Schema = {"type": "string", "format": "password", "minLength": 1}
NEW_PASSWORD: Schema = {
    "type": "string",
    "format": "password",
    "minLength": 6,
    "maxLength": MAX_PASSWORD_BYTES,
    "description": "In UTF-8 at most 1,024 bytes; never trimmed. A server may be set to ask for more characters, "
    "or to refuse what many people use (`common_password`).",
    "examples": ["minimum-6-chars"],
}
RESET_TOKEN: Schema = {"type": "string", "pattern": "^reset_", "description": "What the mailed link ends in."}
REVOKE_ALL: Schema = {
    "type": "boolean",
    "description": "Whether every passkey and API key goes, too, whenever it was added.",
}
VERIFICATION_TOKEN: Schema = {"type": "string", "pattern": "^verify_", "description": "What the mailed link ends in."}
CODE_CHALLENGE: Schema = {"type": "string", "pattern": "^code_", "description": "What has to come back with the code."}
CODE: Schema = {"type": "string", "minLength": 1, "description": "The six digits in the mail.", "examples": ["907316"]}
FACTOR_CHALLENGE: Schema = {"type": "string", "pattern": "^mfa_", "description": "What the log-in answered."}
FACTOR_CODE: Schema = {
    "type": "string",
    "minLength": 1,
    "description": "The six digits that the app shows, or a recovery code.",
    "examples": ["492039"],
}
PASSKEY_REQUEST: Schema = {
    "type": "object",
    "description": "For `PublicKeyCredential.parseRequestOptionsFromJSON`.",
    "required": ["challenge", "rpId", "allowCredentials", "userVerification"],
}
CONFIRMATION_TOKEN: Schema = {"type": "string", "pattern": "^email_", "description": "What the mailed link ends in."}
UNDO_TOKEN: Schema = {"type": "string", "pattern": "^undo_", "description": "What the mailed link ends in."}

_USER_MEMBERS: Mapping[str, Schema] = {
    "id": {"type": "string", "pattern": "^u_[A-Za-z0-9_-]+$", "examples": ["u_123"]},
    "name": NAME,
    "email": {"type": "string", "format": "idn-email", "maxLength": 254, "examples": ["alice@example.com"]},
    "role": {"type": "string", "enum": ["user", "admin"]},
    "plan": {"type": "string", "examples": ["Starter"]},
    "status": {"type": "string", "enum": ["active", "suspended"]},
    "email_verified": {"type": "boolean", "description": "Whether it is proved that the address is theirs."},
}
TOKEN: Schema = {"type": "string", "description": "A JSON Web Token.", "examples": ["eyJhbGciOi…"]}
REFRESH_TOKEN: Schema = {
    "type": "string",
    "pattern": "^refresh_",
    "description": "Good for one refresh, which may be repeated until the refresh token of its answer was used.",
    "examples": ["refresh_xyz…"],
}
INSTANT: Schema = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339, UTC.",
    "examples": ["2026-01-01T12:00:00Z"],
}
MEDIA_PATH: Schema = {
    "type": "string",
    "pattern": f"^(?:{_SEGMENT})+/?$",
    "maxLength": MAX_PATH_LENGTH,
    "description": "A path of your site, not percent-encoded; the token is good for it and all below it.",
    "examples": ["/media/42"],
}


def closed(members: Mapping[str, Schema], *, title: str | None = None) -> Schema:
    """Returns the schema of an object with exactly these members."""
    return open_object(members, title=title) | {"additionalProperties": False}


def open_object(members: Mapping[str, Schema], *, title: str | None = None) -> dict[str, Any]:
    """Returns the schema of an object with at least these members."""
    named = {} if title is None else {"title": title}
    return named | {"type": "object", "properties": dict(members), "required": list(members)}


def or_null(schema: Schema) -> Schema:
    """Returns the schema of such a value or null."""
    return {**schema, "type": [schema["type"], "null"]}


def user(*members: str, title: str | None = None) -> Schema:
    """Returns the schema of a user with only these members."""
    return closed({member: _USER_MEMBERS[member] for member in members}, title=title)


METADATA: Schema = {
    "type": "object",
    "description": "At most 8 KiB as compact JSON in UTF-8, nested at most 20 levels deep, with integers between "
    "-(2^53 - 1) and 2^53 - 1; it replaces what was there.",
    "examples": [{"theme": "dark"}],
}
ACCOUNT = closed(
    {
        "id": _USER_MEMBERS["id"],
        "name": NAME,
        "email": _USER_MEMBERS["email"],
        "email_verified": {"type": "boolean", "description": "Whether the address is proved to be the owner's."},
        "pending_email": {
            "type": ["string", "null"],
            "description": "The address that was asked for in its place, and is not confirmed yet.",
        },
        "role": _USER_MEMBERS["role"],
        "plan": _USER_MEMBERS["plan"],
        "status": _USER_MEMBERS["status"],
        "created_at": INSTANT,
        "user_metadata": {"type": "object", "description": "What the owner set, through the application."},
        "app_metadata": {"type": "object", "description": "What admins set."},
    },
    title="Account",
)
EXAMPLE_ACCOUNT: Mapping[str, object] = {
    "id": "u_123",
    "name": "Alice",
    "email": "alice@example.com",
    "email_verified": True,
    "pending_email": None,
    "role": "user",
    "plan": "Starter",
    "status": "active",
    "created_at": "2026-01-01T12:00:00Z",
    "user_metadata": {"theme": "dark"},
    "app_metadata": {"customer": 4711},
}

OK = closed({"ok": {"type": "boolean", "const": True}}, title="Ok")

METRICS: Schema = {"type": "string", "pattern": "^# HELP "}

_COORDINATE: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}
_JWK = {
    **open_object(
        {
            "kty": {"type": "string", "enum": ["OKP", "EC"]},
            "crv": {"type": "string", "enum": ["Ed25519", "P-256"]},
            "x": _COORDINATE,
            "y": {**_COORDINATE, "description": "Of a key on P-256 alone."},
            "kid": {
                **_COORDINATE,
                "description": "The thumbprint of the key (RFC 7638), as it is in a token's header.",
            },
            "use": {"type": "string", "const": "sig"},
            "alg": {"type": "string", "enum": ["EdDSA", "ES256"]},
        },
        title="PublicKey",
    ),
    "required": ["kty", "crv", "x", "kid", "use", "alg"],
    "additionalProperties": False,
}
JWKS = closed(
    {"keys": {"type": "array", "items": _JWK, "description": "None where tokens are signed with HS256."}},
    title="KeySet",
)

SESSION = closed(
    {
        "id": {"type": "string", "pattern": "^s_[A-Za-z0-9_-]+$", "examples": ["s_123"]},
        "created_at": INSTANT,
        "expires_at": INSTANT,
        "ip": {"type": "string", "description": "Where it was opened from.", "examples": ["192.0.2.1"]},
        "user_agent": {"type": "string", "description": "What opened it.", "examples": ["curl/8.0"]},
        "is_current": {"type": "boolean", "description": "Whether it is the session of the token that asks."},
    },
    title="Session",
)

FIELD_ERROR = closed(
    {
        "field": {"type": "string", "description": "The member of the body.", "examples": ["password"]},
        "code": {"type": "string", "description": "What is wrong, for programs.", "examples": ["too_short"]},
        "message": {
            "type": "string",
            "description": "What is wrong, for people.",
            "examples": ["Use at least 6 characters."],
        },
    },
    title="FieldError",
)
