"""The operations for who is logged in already."""

from leadnator_auth.domain.errors import (
    InvalidCredentialsError,
    NotFoundError,
    OverloadedError,
    UnavailableError,
)
from leadnator_auth.domain.rate_limit import TooManyRequestsError
from leadnator_auth.entrypoints.http import schemas, session_handlers
from leadnator_auth.entrypoints.http.operation import BAD_BODY, BAD_TOKEN, Operation, Parameter

GROUP = "Sessions"
_SESSION = {
    "id": "s_123",
    "created_at": "2026-01-01T12:00:00Z",
    "expires_at": "2026-01-08T12:00:00Z",
    "ip": "192.0.2.1",
    "user_agent": "curl/8.0",
    "is_current": True,
}

SESSION_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/api/auth/logout",
        handler=session_handlers.post_log_out,
        summary="End this session, all others, or all of them; their tokens are dead at once.",
        group=GROUP,
        parameters=(
            Parameter(
                "scope",
                "query",
                {"type": "string", "enum": ["local", "others", "global"], "default": "local"},
                "local",
                "This session, every other one, or all of them.",
            ),
        ),
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(*BAD_TOKEN, UnavailableError),
        needs_token=True,
    ),
    Operation(
        method="GET",
        path="/api/auth/sessions",
        handler=session_handlers.get_sessions,
        name="list_sessions",
        summary="List the sessions of the logged-in user, newest first.",
        group=GROUP,
        success=schemas.closed({"sessions": {"type": "array", "items": schemas.SESSION}}),
        example_answer={"sessions": [_SESSION]},
        refusals=(*BAD_TOKEN, UnavailableError),
        needs_token=True,
    ),
    Operation(
        method="DELETE",
        path="/api/auth/sessions/{id}",
        handler=session_handlers.delete_session,
        name="end_session",
        summary="End one session of the logged-in user.",
        group=GROUP,
        parameters=(Parameter("id", "path", {"type": "string"}, "s_123", "The id of a session, as the list has it."),),
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(*BAD_TOKEN, NotFoundError, UnavailableError),
        needs_token=True,
    ),
    Operation(
        method="POST",
        path="/api/auth/change-password",
        handler=session_handlers.post_change_password,
        summary="Set a new password; every other session ends and a notice is mailed.",
        group=GROUP,
        body={"current_password": schemas.PASSWORD, "password": schemas.NEW_PASSWORD},
        example_body={"current_password": "minimum-6-chars", "password": "new-password"},
        success=schemas.OK,
        example_answer={"ok": True},
        refusals=(
            *BAD_BODY,
            *BAD_TOKEN,
            InvalidCredentialsError,
            TooManyRequestsError,
            OverloadedError,
            UnavailableError,
        ),
        needs_token=True,
    ),
    Operation(
        method="POST",
        path="/api/auth/media-token",
        handler=session_handlers.post_media_token,
        name="create_media_token",
        summary="Get a token for ?token= on GET and HEAD below one path, good for about 3 minutes.",
        group=GROUP,
        body={"path": schemas.MEDIA_PATH},
        example_body={"path": "/media/42"},
        success=schemas.closed({"token": schemas.TOKEN, "expires_at": schemas.INSTANT}),
        example_answer={"token": "eyJhbGciOi…", "expires_at": "2026-01-01T12:03:00Z"},
        refusals=(*BAD_BODY, *BAD_TOKEN, UnavailableError),
        needs_token=True,
    ),
)
