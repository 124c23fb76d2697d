"""What a verifier refuses, and why."""


class VerifierError(Exception):
    """A request that a verifier does not let in."""

    def __init__(self, reason: str = "The request is not let in.") -> None:
        super().__init__(reason)


class InvalidTokenError(VerifierError):
    """The token is no good: malformed, forged, expired, made for something else, or its session ended."""

    def __init__(self, reason: str = "The token is no good.") -> None:
        super().__init__(reason)


class VerifierUnavailableError(VerifierError):
    """Nobody can be let in for now: the verifier does not know, or no longer knows, which sessions ended."""

    def __init__(self, reason: str = "Nobody can be let in for now.") -> None:
        super().__init__(reason)
