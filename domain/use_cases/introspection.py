"""Token introspection (RFC 7662): whether a token or an API key is good right now, and whose it is."""

from datetime import datetime

import attrs

from leadnator_auth.domain.entities.access_token import AccessPurpose
from leadnator_auth.domain.entities.api_key import is_api_key
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import EmailNotVerifiedError, InvalidTokenError
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.use_cases.identify import identified_for, identify_key
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.ids import SessionId


@attrs.frozen
class Introspection:
    """What is to be said of a credential that is good right now (RFC 7662 section 2.2)."""

    user: User
    token_id: str
    """The id of an API key, too."""
    issued_at: datetime
    expires_at: datetime | None
    """None where it never does."""
    session_id: SessionId | None = None
    """None of an API key."""
    scopes: tuple[str, ...] | None = None
    """What an API key may do right now; None of the token of a session."""


async def introspect(token: RawField, *, ports: Ports) -> Introspection | None:
    """Returns what there is to say of an access token or API key; None if it is not good now, for whatever reason.

    It is good if a call with it, as its only credential, would be let in now. To ask is to use it: that is noted.

    Raises: MissingFieldsError, InvalidFieldsError, UnavailableError.
    """
    with FieldChecks() as check:
        credential = check("token", token, str)
    try:
        return await (_of_key if is_api_key(credential) else _of_session)(credential, ports)
    except (InvalidTokenError, EmailNotVerifiedError):
        return None


async def _of_session(token: str, ports: Ports) -> Introspection:
    claims, identity = await identified_for([AccessPurpose.ACCESS], token, ports=ports)
    return Introspection(
        identity.user, claims.token_id, claims.issued_at, claims.expires_at, session_id=claims.session_id
    )


async def _of_key(secret: str, ports: Ports) -> Introspection:
    sender = await identify_key(secret, ports=ports)
    key = sender.key
    return Introspection(sender.user, key.id, key.created_at, key.expires_at, scopes=sender.scopes)
