"""The calls for the note on one's own account."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from leadnator_auth.domain import Note, read_note, write_note
from leadnator_auth.domain.entities.note import MAX_NOTE_LENGTH
from leadnator_auth.domain.errors import UnavailableError
from leadnator_auth.entrypoints.http.context import identified, ports_of
from leadnator_auth.entrypoints.http.openapi import schemas
from leadnator_auth.entrypoints.http.openapi.operation import BAD_BODY, BAD_TOKEN, Operation
from leadnator_auth.entrypoints.http.openapi.schemas import Schema
from leadnator_auth.entrypoints.http.reading.body import read_fields
from leadnator_auth.entrypoints.views import rfc3339


async def post_note(request: Request) -> Response:
    """POST /api/auth/note"""
    identity = await identified(request)
    (text,) = await read_fields(request, "text")
    note = await write_note(identity, text, ports=ports_of(request))
    return JSONResponse({"note": _view(note)})


async def get_note(request: Request) -> Response:
    """GET /api/auth/note"""
    identity = await identified(request)
    note = await read_note(identity, ports=ports_of(request))
    return JSONResponse({"note": _view(note) if note else None})


def _view(note: Note) -> dict[str, str]:
    return {"text": note.text, "changed_at": rfc3339(note.changed_at)}


GROUP = "Notes"
_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_NOTE_LENGTH, "pattern": r"\S"}
_NOTE = schemas.closed({"text": {"type": "string"}, "changed_at": schemas.INSTANT})
_EXAMPLE = {"text": "Call before noon.", "changed_at": "2026-01-01T12:00:00Z"}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/api/auth/note",
        handler=post_note,
        name="write_note",
        summary="Write the note on the account of the logged-in user.",
        group=GROUP,
        body={"text": _TEXT},
        example_body={"text": _EXAMPLE["text"]},
        success=schemas.closed({"note": _NOTE}),
        example_answer={"note": _EXAMPLE},
        refusals=(*BAD_BODY, *BAD_TOKEN, UnavailableError),
        needs_token=True,
    ),
    Operation(
        method="GET",
        path="/api/auth/note",
        handler=get_note,
        name="read_note",
        summary="Return the note on the account of the logged-in user.",
        group=GROUP,
        success=schemas.closed({"note": {"anyOf": [_NOTE, {"type": "null"}]}}),
        example_answer={"note": _EXAMPLE},
        refusals=(*BAD_TOKEN, UnavailableError),
        needs_token=True,
    ),
)
