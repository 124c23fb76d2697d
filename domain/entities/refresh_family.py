"""Refresh tokens: those of one session are a family, each the successor of the one before (RFC 9700 section 4.14.2).

A token is `refresh_SESSION.NUMBER.MAC`. The MAC is derived from a master key, the session and the number: a token is
nowhere kept, can be made again, and one that is forged is told from a genuine one without a look at the store.
"""

import base64
import hashlib
import hmac
import re

import attrs

from leadnator_auth.domain.values.ids import SESSION_ID_PREFIX, SessionId
from leadnator_auth.domain.values.master_keys import MasterKeys

REFRESH_TOKEN_PREFIX = "refresh_"
FIRST = 1
"""The number of the first token of a family."""

_TOKEN = re.compile(
    rf"{REFRESH_TOKEN_PREFIX}(?P<session>{SESSION_ID_PREFIX}[A-Za-z0-9_-]{{1,64}})"
    r"\.(?P<number>[1-9][0-9]{0,9})\.(?P<mac>[A-Za-z0-9_-]{43})",
    re.ASCII,
)


@attrs.frozen
class PresentedToken:
    """A genuine refresh token: whether it still counts is for its family to say."""

    session_id: SessionId
    number: int
    key_id: str
    """The id of the master key that it was derived from."""


@attrs.frozen
class RefreshFamily:
    """The refresh tokens of one session, of which only the number of the newest is kept. It goes with its session."""

    session_id: SessionId
    key_id: str
    """The id of the master key that its tokens are derived from, as long as the session lives."""
    newest: int = FIRST
    """The number of the last token that was handed out."""

    @property
    def token(self) -> PresentedToken:
        """What the newest token says."""
        return PresentedToken(self.session_id, self.newest, self.key_id)

    def after(self, number: int) -> "RefreshFamily | None":
        """Returns it once the token of this number was presented; None where that is reuse.

        The newest one has a successor from now on. The one before it is presented again where an answer was lost, or
        by two at once: its successor is the newest one, as it was. Anything older was replaced by one that was used.
        One that is newer than the newest is ahead of a store that was put back to an earlier state.
        """
        if number < self.newest - 1:
            return None
        return attrs.evolve(self, newest=max(self.newest, number + 1))


def written(token: PresentedToken, keys: MasterKeys) -> str:
    """Returns a refresh token as it is handed out.

    Raises: MasterKeyMissingError.
    """
    return f"{REFRESH_TOKEN_PREFIX}{token.session_id}.{token.number}.{_mac(token, keys)}"


def read_refresh_token(text: str, keys: MasterKeys) -> PresentedToken | None:
    """Returns what a genuine refresh token says; None for any other text, however long."""
    parts = _TOKEN.fullmatch(text)
    if parts is None:
        return None
    for key_id in keys.ids:
        token = PresentedToken(SessionId(parts["session"]), int(parts["number"]), key_id)
        if hmac.compare_digest(_mac(token, keys), parts["mac"]):
            return token
    return None


def _mac(token: PresentedToken, keys: MasterKeys) -> str:
    key = keys.derive(f"refresh:{token.session_id}", token.key_id)
    return base64.urlsafe_b64encode(hmac.digest(key, str(token.number).encode(), hashlib.sha256)).rstrip(b"=").decode()
