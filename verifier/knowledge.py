"""What a verifier knows, and whom it lets in for that. It opens no connection, and has no clock of its own."""

import threading
from typing import NamedTuple, TypeVar

from leadnator_auth.verifier.errors import InvalidTokenError, VerifierUnavailableError
from leadnator_auth.verifier.feed import Feed
from leadnator_auth.verifier.key_store import KeyStore
from leadnator_auth.verifier.keys import KeySet
from leadnator_auth.verifier.tokens import SignedToken, Verified, read_token

MAX_REMEMBERED = 10_000
"""The most tokens remembered, whose signature need not be checked again; about 1.5 KB each."""

Key = TypeVar("Key", str, bytes)


class Seen(NamedTuple):
    """The keys, and what was verified with them: no token outlives its key."""

    keys: KeySet
    tokens: dict[str, SignedToken]
    """By the tokens themselves, and not their digests: to make one takes as long as all the rest of a check."""
    requests: dict[bytes, SignedToken]
    """By the Authorization header that they came in, for to take a token out of that takes as long, too."""


class Knowledge:
    """Keys, and sessions that ended. `now` is of a clock that never goes back, `wall` is in seconds since 1970."""

    def __init__(self, feed: Feed, issuer: str, audience: str) -> None:
        self.feed = feed
        self.keys = KeyStore()
        self.known = Seen(KeySet(), {}, {})
        self._issuer, self._audience = issuer, audience
        self._revoked = feed.revoked.sessions
        self._lock = threading.Lock()

    def check(self, token: str, now: float, wall: float) -> Verified:
        """Returns who sends a token.

        Raises: InvalidTokenError, VerifierUnavailableError.
        """
        keys, tokens, _ = self.known
        signed = tokens.get(token)
        if signed is None:
            if trouble := self.trouble(now):
                raise VerifierUnavailableError(trouble)
            signed = read_token(token, keys, self._issuer, self._audience)
            self._remember(token, signed, tokens)
        return self.admit(signed, now, wall)

    def admit(self, signed: SignedToken, now: float, wall: float) -> Verified:
        """Returns who sends a genuine token.

        Raises: InvalidTokenError, VerifierUnavailableError.
        """
        # Each call and each attribute counts here: a request waits for it.
        if now >= self.feed.current_until or now >= self.keys.good_until:
            raise VerifierUnavailableError(self.trouble(now))
        verified, session_id, good_from, good_until = signed
        if not good_from <= wall < good_until:
            raise InvalidTokenError("expired" if wall >= good_until else "not good yet")
        if session_id in self._revoked:
            raise InvalidTokenError("session ended")
        return verified

    def remember_request(self, authorization: bytes, token: str) -> None:
        """Remembers the header that a token came in which is remembered."""
        _, tokens, requests = self.known
        if (signed := tokens.get(token)) is not None:
            self._remember(authorization, signed, requests)

    def trouble(self, now: float) -> str:
        """Returns why nobody can be let in, or nothing."""
        if now >= self.keys.good_until:
            return f"no token can be verified: {self.keys.error}"
        if now >= self.feed.current_until:
            return f"nobody knows which sessions ended: {self.feed.error}"
        return ""

    def keys_answered(self, status: int, body: bytes, asked_at: float, version: str = "") -> None:
        """Takes an answer to the question for keys that was asked at an instant, when this version was known."""
        if self.keys.answered(status, body, asked_at, version):
            self.known = Seen(self.keys.current, {}, {})

    def _remember(self, key: Key, signed: SignedToken, seen: dict[Key, SignedToken]) -> None:
        with self._lock:
            while len(seen) >= MAX_REMEMBERED:
                del seen[next(iter(seen))]
            seen[key] = signed
