"""The content of an access token; its encoding and its signature are an adapter's business."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

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
    authenticated_at: datetime | None = None
    """When its user had proved who they are (OpenID Connect Core section 2), if that is told."""
    amr: tuple[str, ...] = ()
    """How they had proved it (RFC 8176), as far as that is told."""

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
        **_proof_of(session),
    )


def short_claims(session: Session, token_id: str, now: datetime, lifetime: timedelta) -> Claims:
    """Returns the claims of an access token that lives for a while, but no longer than its session."""
    claims = _claims_until(now + lifetime, AccessPurpose.ACCESS, session, token_id, now)
    return attrs.evolve(claims, **_proof_of(session))


def media_claims(session: Session, path: str, token_id: str, now: datetime) -> Claims:
    """Returns the claims of a token for the URLs below a path; it lives 3 minutes, but no longer than its session."""
    claims = _claims_until(now + MEDIA_TOKEN_LIFETIME, AccessPurpose.MEDIA, session, token_id, now)
    return attrs.evolve(claims, path=path)


def _proof_of(session: Session) -> dict[str, Any]:
    """Returns the fields of claims that tell when and how somebody proved that the session is theirs."""
    authenticated_at = session.authenticated_at.replace(microsecond=0)
    return {"authenticated_at": authenticated_at, "amr": tuple(method.value for method in session.amr)}


def _claims_until(end: datetime, purpose: AccessPurpose, session: Session, token_id: str, now: datetime) -> Claims:
    return Claims(
        user_id=session.user_id,
        session_id=session.id,
        token_id=token_id,
        purpose=purpose,
        issued_at=now.replace(microsecond=0),
        expires_at=min(end, session.expires_at).replace(microsecond=0),
    )
