"""Verifiers for threads and for event loops. Both look at what is known, and neither waits for the network."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

from leadnator_auth.verifier.engine import DEFAULT_MAX_AGE, DEFAULT_MAX_REVOCATIONS, Engine
from leadnator_auth.verifier.tokens import Verified

ISSUER = "leadnator-auth"
AUDIENCE = "leadnator"
READY_SECONDS = 10.0


class Verifier:
    """Says whose an access token is, without asking the service.

        verifier = Verifier("https://auth.example.com", api_key="lnk_…")
        who = verifier.verify(token)

    It begins to follow the service at once, in threads of its own, and lets nobody in before it knows which sessions
    ended, nor when it has not heard from the service for `max_age` seconds. It may be used from any thread. After a
    fork it begins anew in the child.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        max_age: float = DEFAULT_MAX_AGE,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        max_revocations: int = DEFAULT_MAX_REVOCATIONS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Begins to follow the service at `url`; `api_key` is one of an admin with the scope `revocations`.

        It keeps at most `max_revocations` ended sessions in mind, about 200 bytes each, and lets nobody in while there
        are more.

        Raises: ValueError for what cannot be meant.
        """
        self.engine = Engine(
            url,
            api_key,
            max_age=max_age,
            max_revocations=max_revocations,
            issuer=issuer,
            audience=audience,
            ssl_context=ssl_context,
        )

    def verify(self, token: str) -> Verified:
        """Returns whose an access token is.

        Raises: InvalidTokenError, VerifierUnavailableError.
        """
        return self.engine.verify(token)

    def wait_until_ready(self, timeout: float = READY_SECONDS) -> None:
        """Returns once tokens are let in.

        Raises: VerifierUnavailableError, which says why, after `timeout` seconds.
        """
        self.engine.wait_until_ready(timeout)

    def close(self) -> None:
        """Ends the threads; nobody is let in any more."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncVerifier:
    """The same for code on an event loop, which it never holds up; its threads are beside it."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        max_age: float = DEFAULT_MAX_AGE,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        max_revocations: int = DEFAULT_MAX_REVOCATIONS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Begins as a Verifier does. Raises: ValueError."""
        self.engine = Engine(
            url,
            api_key,
            max_age=max_age,
            max_revocations=max_revocations,
            issuer=issuer,
            audience=audience,
            ssl_context=ssl_context,
        )

    async def verify(self, token: str) -> Verified:
        """Returns whose an access token is.

        Raises: InvalidTokenError, VerifierUnavailableError.
        """
        return self.engine.verify(token)

    async def wait_until_ready(self, timeout: float = READY_SECONDS) -> None:  # noqa: ASYNC109 (as for threads)
        """Returns once tokens are let in.

        Raises: VerifierUnavailableError, which says why, after `timeout` seconds.
        """
        await asyncio.to_thread(self.engine.wait_until_ready, timeout)

    async def close(self) -> None:
        """Ends the threads; nobody is let in any more."""
        await asyncio.to_thread(self.engine.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
