"""Verifying access tokens in another service, without asking ours on the way of a request.

    verifier = Verifier("https://auth.example.com", api_key="lnk_…")
    who = verifier.verify(token)        # Verified(user_id="u_…", session_id="s_…", …)

It needs PyJWT and cryptography, and nothing else of this distribution. `leadnator_auth.verifier.fastapi` has the
dependency for FastAPI. What happens when: docs/how-to/verify-elsewhere.md.
"""

from leadnator_auth.verifier.errors import InvalidTokenError, VerifierError, VerifierUnavailableError
from leadnator_auth.verifier.middleware import VerifierMiddleware
from leadnator_auth.verifier.tokens import Verified
from leadnator_auth.verifier.verifier import AsyncVerifier, Verifier

__all__ = [
    "AsyncVerifier",
    "InvalidTokenError",
    "Verified",
    "Verifier",
    "VerifierError",
    "VerifierMiddleware",
    "VerifierUnavailableError",
]
