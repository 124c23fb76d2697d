"""What every kind of verifier is made of: a check of tokens that only looks at what is known in this process."""

import os
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable

from leadnator_auth.verifier.errors import VerifierUnavailableError
from leadnator_auth.verifier.feed import Feed
from leadnator_auth.verifier.http import AmbiguousTokenError, MissingTokenError, bearer_token
from leadnator_auth.verifier.keys import UnknownKeyError
from leadnator_auth.verifier.knowledge import Knowledge
from leadnator_auth.verifier.learning import Learning, steady_clock
from leadnator_auth.verifier.tokens import Verified
from leadnator_auth.verifier.transport import checked_url

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

        def make() -> Learning:
            return Learning(url, api_key, Knowledge(Feed(max_age, max_revocations), issuer, audience), ssl_context)

        self._make: Callable[[], Learning] = make
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
        try:
            return learning.knowledge.check(token, self._steady(), time.time())
        except UnknownKeyError:
            learning.want_keys()
            raise

    def verify_request(self, headers: Iterable[tuple[bytes, bytes]]) -> Verified:
        """Returns who sends a request with these headers, as `verify` does.

        Raises: MissingTokenError and AmbiguousTokenError, too.
        """
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) != 1:
            raise AmbiguousTokenError("one credential, please") if given else MissingTokenError("no credential")
        learning = self._learning
        signed = learning.knowledge.known.requests.get(given[0]) if learning is not None else None
        if learning is not None and signed is not None:
            return learning.knowledge.admit(signed, self._steady(), time.time())
        token = bearer_token(given[0])
        verified = self.verify(token)
        self.start().knowledge.remember_request(given[0], token)
        return verified

    def wait_until_ready(self, timeout: float) -> None:
        """Returns once it lets tokens in.

        Raises: VerifierUnavailableError when it does not within `timeout` seconds.
        """
        learning = self.start()
        with learning.news:
            if not learning.news.wait_for(lambda: not learning.knowledge.trouble(self._steady()), timeout):
                raise VerifierUnavailableError(learning.knowledge.trouble(self._steady()))

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


def _forget_after_fork(engine: Engine) -> None:
    if hasattr(os, "register_at_fork"):
        reference = weakref.ref(engine)

        def forget() -> None:
            if (known := reference()) is not None:
                known.forget()

        os.register_at_fork(after_in_child=forget)
