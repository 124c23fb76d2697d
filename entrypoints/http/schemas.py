"""The shapes of what is sent and answered, as JSON Schema 2020-12."""

from collections.abc import Mapping
from typing import Any

from leadnator_auth.domain.media_path import MAX_PATH_LENGTH
from leadnator_auth.domain.password import MAX_PASSWORD_BYTES
from leadnator_auth.domain.user import MAX_NAME_LENGTH

Schema = Mapping[str, Any]  # JSON Schema is JSON: any value may stand at any key

_CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"
_SEGMENT = rf"/(?!\.{{1,2}}(?:/|$))[^{_CONTROLS}/\\%?#;]+"

NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_NAME_LENGTH,
    "pattern": rf"^[^{_CONTROLS}]*[^{_CONTROLS}\s][^{_CONTROLS}]*$",
}
EMAIL: Schema = {"type": "string", "format": "email", "maxLength": 254}
PASSWORD: Schema = {"type": "string", "format": "password", "minLength": 1}
NEW_PASSWORD: Schema = {
    "type": "string",
    "format": "password",
    "minLength": 6,
    "maxLength": MAX_PASSWORD_BYTES,
    "description": "At most 1,024 bytes of UTF-8.",
}
RESET_TOKEN: Schema = {"type": "string", "pattern": "^reset_"}

_USER_MEMBERS: Mapping[str, Schema] = {
    "id": {"type": "string", "pattern": "^u_[A-Za-z0-9_-]+$"},
    "name": NAME,
    "email": {"type": "string", "format": "idn-email", "maxLength": 254},
    "role": {"type": "string", "enum": ["user", "admin"]},
    "plan": {"type": "string"},
    "status": {"type": "string", "enum": ["active", "suspended"]},
}
TOKEN: Schema = {"type": "string", "description": "A JSON Web Token."}
INSTANT: Schema = {"type": "string", "format": "date-time"}
MEDIA_PATH: Schema = {"type": "string", "pattern": f"^(?:{_SEGMENT})+/?$", "maxLength": MAX_PATH_LENGTH}


def closed(members: Mapping[str, Schema]) -> Schema:
    """Returns the schema of an object with exactly these members."""
    return {
        "type": "object",
        "properties": dict(members),
        "required": list(members),
        "additionalProperties": False,
    }


def open_object(members: Mapping[str, Schema]) -> Schema:
    """Returns the schema of an object with at least these members."""
    return {"type": "object", "properties": dict(members), "required": list(members)}


def user(*members: str) -> Schema:
    """Returns the schema of a user of whom only these members are shown."""
    return closed({member: _USER_MEMBERS[member] for member in members})


OK = closed({"ok": {"const": True}})

SESSION = closed(
    {
        "id": {"type": "string", "pattern": "^s_[A-Za-z0-9_-]+$"},
        "created_at": INSTANT,
        "expires_at": INSTANT,
        "ip": {"type": "string"},
        "user_agent": {"type": "string"},
        "is_current": {"type": "boolean"},
    }
)

PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": closed({"field": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}}),
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}
