"""What a verifier knows, and whom it lets in for that. It opens no connection, and has no clock of its own."""

import threading
from hashlib import sha256

from leadnator_auth.verifier.errors import InvalidTokenError, VerifierUnavailableError
from leadnator_auth.verifier.feed import Feed
from leadnator_auth.verifier.key_store import KeyStore
from leadnator_auth.verifier.keys import KeySet
from leadnator_auth.verifier.tokens import MAX_TOKEN_LENGTH, SignedToken, Verified, read_token

MAX_REMEMBERED = 10_000
"""The most tokens remembered, whose signature need not be checked again; about 1 KB each."""


class Knowledge:
    """Keys, and sessions that ended. `now` is of a clock that never goes back, `wall` is in seconds since 1970."""

    def __init__(self, feed: Feed, issuer: str, audience: str) -> None:
        self.feed = feed
        self.keys = KeyStore()
        self.known: tuple[KeySet, dict[bytes, SignedToken]] = (KeySet(), {})
        """The keys, and by digest the genuine tokens that were verified with them: no token outlives its key."""
        self._issuer, self._audience = issuer, audience
        self._lock = threading.Lock()

    def check(self, token: str, now: float, wall: float) -> Verified:
        """Returns who sends a token.

        Raises: InvalidTokenError, VerifierUnavailableError.
        """
        if not (self.feed.is_current(now) and self.keys.are_good(now)):
            raise VerifierUnavailableError(self.trouble(now))
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidTokenError("too long")
        keys, seen = self.known
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        signed = seen.get(digest)
        if signed is None:
            signed = read_token(token, keys, self._issuer, self._audience)
            self._remember(digest, signed, seen)
        signed.check_times(wall)
        if signed.verified.session_id in self.feed.revoked:
            raise InvalidTokenError("session ended")
        return signed.verified

    def trouble(self, now: float) -> str:
        """Returns why nobody can be let in, or nothing."""
        if not self.keys.are_good(now):
            return f"no token can be verified: {self.keys.error}"
        if not self.feed.is_current(now):
            return f"nobody knows which sessions ended: {self.feed.error}"
        return ""

    def keys_answered(self, status: int, body: bytes, asked_at: float) -> None:
        """Takes an answer to the question for keys that was asked at an instant."""
        if self.keys.answered(status, body, asked_at):
            self.known = (self.keys.current, {})

    def _remember(self, digest: bytes, signed: SignedToken, seen: dict[bytes, SignedToken]) -> None:
        with self._lock:
            while len(seen) >= MAX_REMEMBERED:
                del seen[next(iter(seen))]
            seen[digest] = signed
