"""The content of an access token; its encoding and its signature are an adapter's business."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from leadnator_auth.domain.entities.session import CLOCK_LEEWAY, Session
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.values.ids import SessionId, UserId

ISSUER = "leadnator-auth"
AUDIENCE = "leadnator"
MAX_TOKEN_LENGTH = 8 * 1024
MEDIA_TOKEN_LIFETIME = timedelta(minutes=3)


class AccessPurpose(StrEnum):
    """What a token is good for; one made for one purpose is refused for any other (RFC 8725 section 3.11)."""

    ACCESS = "access"
    MEDIA = "media"


@attrs.frozen
class Claims:
    """The verified content of a token; times are in whole seconds."""

    user_id: UserId
    session_id: SessionId
    token_id: str
    purpose: AccessPurpose
    issued_at: datetime
    expires_at: datetime
    path: str | None = None
    """Where a media token is good: on this path and everything below it."""
    not_before: datetime | None = None
    """When it becomes good, if not at once (RFC 7519 section 4.1.5)."""

    def check(self, purposes: Collection[AccessPurpose], now: datetime) -> None:
        """Raises: InvalidTokenError when made for another purpose, expired, not good yet, or issued in the future."""
        if self.purpose not in purposes:
            raise InvalidTokenError("made for another purpose")
        if now >= self.expires_at + CLOCK_LEEWAY:
            raise InvalidTokenError("expired")
        if now < self.issued_at - CLOCK_LEEWAY:
            raise InvalidTokenError("issued in the future")
        if self.not_before is not None and now < self.not_before - CLOCK_LEEWAY:
            raise InvalidTokenError("not good yet")


def access_claims(session: Session, token_id: str) -> Claims:
    """Returns the claims of a session's access token, which lives exactly as long as the session.

    Times are cut to whole seconds, as RFC 7519 writes them.
    """
    return Claims(
        user_id=session.user_id,
        session_id=session.id,
        token_id=token_id,
        purpose=AccessPurpose.ACCESS,
        issued_at=session.created_at.replace(microsecond=0),
        expires_at=session.expires_at.replace(microsecond=0),
    )


def media_claims(session: Session, path: str, token_id: str, now: datetime) -> Claims:
    """Returns the claims of a token for the URLs below a path; it lives 3 minutes, but no longer than its session."""
    return Claims(
        user_id=session.user_id,
        session_id=session.id,
        token_id=token_id,
        purpose=AccessPurpose.MEDIA,
        issued_at=now.replace(microsecond=0),
        expires_at=min(now + MEDIA_TOKEN_LIFETIME, session.expires_at).replace(microsecond=0),
        path=path,
    )
