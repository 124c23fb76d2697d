"""What a verifier refuses, and why."""


class VerifierError(Exception):
    """A request that a verifier does not let in."""


class InvalidTokenError(VerifierError):
    """The token is no good: malformed, forged, expired, made for something else, or its session ended."""


class VerifierUnavailableError(VerifierError):
    """Nobody can be let in for now: the verifier does not know, or no longer knows, which sessions ended."""
