"""What every kind of verifier is made of: a check of tokens that only looks at what is known in this process."""

import os
import ssl
import threading
import time
import weakref
from collections.abc import Callable
from hashlib import sha256

from leadnator_auth.verifier.errors import InvalidTokenError, VerifierUnavailableError
from leadnator_auth.verifier.feed import Feed
from leadnator_auth.verifier.keys import KeySet, UnknownKeyError
from leadnator_auth.verifier.learning import Learning, steady_clock
from leadnator_auth.verifier.tokens import MAX_TOKEN_LENGTH, SignedToken, Verified, read_token
from leadnator_auth.verifier.transport import checked_url

MAX_REMEMBERED = 10_000
"""The most tokens remembered, whose signature need not be checked again; about 1 KB each."""
DEFAULT_MAX_AGE = 30.0
DEFAULT_MAX_REVOCATIONS = 200_000


class Engine:
    """The knowledge of one process. After a fork the child begins anew, closed, with the first use."""

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        max_age: float,
        max_revocations: int,
        issuer: str,
        audience: str,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        """Begins to learn from the service at a URL.

        Raises: ValueError.
        """
        checked_url(url)
        if not api_key.isascii() or not api_key.isprintable() or " " in api_key or not api_key:
            raise ValueError("api_key must be that of an admin with the scope `revocations`: lnk_…")
        if not max_age > 0 or max_revocations < 1:
            raise ValueError("max_age and max_revocations must be greater than 0")
        self._make: Callable[[], Learning] = lambda: Learning(url, api_key, Feed(max_age, max_revocations), ssl_context)
        self._issuer, self._audience = issuer, audience
        self._steady = steady_clock()
        self._lock = threading.Lock()
        self._learning: Learning | None = None
        self._is_closed = False
        _forget_after_fork(self)
        self.start()

    def start(self) -> Learning:
        """Returns what learns in this process, which begins to where it does not yet.

        Raises: VerifierUnavailableError when it was closed.
        """
        with self._lock:
            if self._is_closed:
                raise VerifierUnavailableError("this verifier is closed")
            if self._learning is None:
                self._learning = self._make()
                self._learning.start()
                weakref.finalize(self, self._learning.close)  # who forgets to close it leaves no threads
            return self._learning

    def verify(self, token: str) -> Verified:
        """Returns who sends a token. It looks at what is known and asks nobody.

        Raises: InvalidTokenError, VerifierUnavailableError.
        """
        learning = self._learning or self.start()
        feed = learning.feed
        now = self._steady()
        if not (feed.is_current(now) and learning.keys.are_good(now)):
            raise VerifierUnavailableError(learning.trouble(now))
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidTokenError("too long")
        keys, seen = learning.known
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        signed = seen.get(digest)
        if signed is None:
            signed = self._read(token, digest, keys, seen, learning)
        signed.check_times(time.time())
        if signed.verified.session_id in feed.revoked:
            raise InvalidTokenError("session ended")
        return signed.verified

    def wait_until_ready(self, timeout: float) -> None:
        """Returns once it lets tokens in.

        Raises: VerifierUnavailableError when it does not within `timeout` seconds.
        """
        learning = self.start()
        with learning.news:
            if not learning.news.wait_for(lambda: not learning.trouble(self._steady()), timeout):
                raise VerifierUnavailableError(learning.trouble(self._steady()))

    def close(self) -> None:
        """Ends the threads; from now on nobody is let in."""
        with self._lock:
            learning, self._learning, self._is_closed = self._learning, None, True
        if learning is not None:
            learning.close()

    def forget(self) -> None:
        """Forgets, in the child of a fork, the threads and locks that stayed with its parent."""
        self._lock = threading.Lock()
        learning, self._learning = self._learning, None
        if learning is not None:
            learning.abandon()

    def _read(
        self, token: str, digest: bytes, keys: KeySet, seen: dict[bytes, SignedToken], learning: Learning
    ) -> SignedToken:
        try:
            signed = read_token(token, keys, self._issuer, self._audience)
        except UnknownKeyError:
            learning.want_keys()
            raise
        with self._lock:
            while len(seen) >= MAX_REMEMBERED:
                del seen[next(iter(seen))]
            seen[digest] = signed
        return signed


def _forget_after_fork(engine: Engine) -> None:
    if hasattr(os, "register_at_fork"):
        reference = weakref.ref(engine)

        def forget() -> None:
            if (known := reference()) is not None:
                known.forget()

        os.register_at_fork(after_in_child=forget)
