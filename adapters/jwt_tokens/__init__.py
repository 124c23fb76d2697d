"""Access tokens as JSON Web Tokens."""

from leadnator_auth.adapters.jwt_tokens.key_maker import PairMaker
from leadnator_auth.adapters.jwt_tokens.tokens import MIN_SECRET_BYTES, JwtTokens

__all__ = ["MIN_SECRET_BYTES", "JwtTokens", "PairMaker"]
