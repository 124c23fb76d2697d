"""A dependency for routes of FastAPI, which is no dependency of this package."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from leadnator_auth.verifier.errors import VerifierError
from leadnator_auth.verifier.http import answer_to
from leadnator_auth.verifier.tokens import Verified
from leadnator_auth.verifier.verifier import AsyncVerifier, Verifier

__all__ = ["verified_by"]

_described = HTTPBearer(auto_error=False, bearerFormat="JWT")
_DETAILS = {400: "Send one credential.", 401: "A good access token is needed.", 503: "Try again in a moment."}


def verified_by(verifier: Verifier | AsyncVerifier) -> Callable[..., Awaitable[Verified]]:
    """Returns a dependency that says whose the access token of a request is.

        Who = Annotated[Verified, Depends(verified_by(verifier))]

        @app.get("/orders")
        async def orders(who: Who): ...

    Others get 401, or 503 while nobody knows which sessions ended.
    """

    async def verified(
        request: Request, described: Annotated[HTTPAuthorizationCredentials | None, Depends(_described)] = None
    ) -> Verified:
        try:
            return verifier.engine.verify_request(request.scope["headers"])
        except VerifierError as error:
            status, headers, _ = answer_to(error)
            more = {name.decode(): value.decode() for name, value in headers if not name.startswith(b"content-")}
            raise HTTPException(status, _DETAILS[status], more) from error

    return verified
