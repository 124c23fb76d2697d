"""Access tokens as JSON Web Tokens."""

from leadnator_auth.adapters.jwt_tokens.tokens import MIN_SECRET_BYTES, JwtTokens

__all__ = ["MIN_SECRET_BYTES", "JwtTokens"]
