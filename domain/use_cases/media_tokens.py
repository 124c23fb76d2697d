"""Media tokens, which a page may put into the URL of an image or a download instead of the 7-day token."""

from datetime import datetime

import attrs

from leadnator_auth.domain.entities.access_token import AccessPurpose, media_claims
from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.errors import InvalidTokenError
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.use_cases.identify import identified_for
from leadnator_auth.domain.use_cases.steps.new_id import new_id
from leadnator_auth.domain.values.fields import FieldChecks, RawField
from leadnator_auth.domain.values.media_path import is_below, parse_media_path


@attrs.frozen
class MediaToken:
    """A token for GET and HEAD below one path."""

    token: str = attrs.field(repr=False)
    expires_at: datetime


def issue_media_token(identity: Identity, path: RawField, *, ports: Ports) -> MediaToken:
    """Returns a token that is good for about 3 minutes, below this path alone, and dies with the session.

    Raises: MissingFieldsError, InvalidFieldsError.
    """
    with FieldChecks() as check:
        prefix = check("path", path, parse_media_path)
    claims = media_claims(identity.session, prefix, new_id("", ports), ports.clock.now())
    return MediaToken(ports.tokens.issue(claims), claims.expires_at)


async def identify_for_media(token: str, path: str, *, verified: bool | None = None, ports: Ports) -> Identity:
    """Returns the identity behind the token in a URL with this decoded path: an access token, or a media token for it.

    The caller makes sure that the request is a GET or HEAD. `verified` is whether the address of the user has to be
    proved; None leaves it to the policy.

    Raises: InvalidTokenError, EmailNotVerifiedError.
    """
    purposes = [AccessPurpose.ACCESS, AccessPurpose.MEDIA]
    claims, identity = await identified_for(purposes, token, verified=verified, ports=ports)
    is_for_path = claims.path is not None and is_below(path, claims.path)
    if claims.purpose is AccessPurpose.MEDIA and not is_for_path:
        raise InvalidTokenError("made for another path")
    return identity
