"""What settings alone switch on and off: who meets a 404 or a refusal there learns what to set.

Nothing of this is wrong: each is as somebody wants it.
"""

from collections.abc import Iterator

from leadnator_auth.entrypoints.doctor.examining import Finding, fail, ok
from leadnator_auth.entrypoints.settings import PREFIX
from leadnator_auth.entrypoints.settings.account_values import CLOSED, OPEN


def check_sign_up(signup: str | tuple[str, ...]) -> Iterator[Finding]:
    """Yields who may make an account."""
    name, setting = "sign-up", f"{PREFIX}SIGNUP"
    if signup == OPEN:
        yield ok(name, "open to everybody")
    elif signup == CLOSED:
        yield ok(name, f"closed: POST /api/auth/signup answers 403; to have it, set {setting}=open, or domains")
    else:
        yield ok(name, f"for addresses at {', '.join(signup)} alone; to have it for all, set {setting}=open")


def check_verification(verification: str) -> Iterator[Finding]:
    """Yields whether people are asked to prove their addresses."""
    name, setting = "verification", f"{PREFIX}EMAIL_VERIFICATION"
    if verification == "off":
        yield ok(name, f"off: POST /api/auth/resend-verification answers 404; to have it, set {setting}=on")
    else:
        yield ok(name, verification)


def check_code_log_in(code_log_in: str) -> Iterator[Finding]:
    """Yields whether accounts can be logged in to with a mailed code."""
    name = "log-in by code"
    if code_log_in == "off":
        found = "off: POST /api/auth/login/code answers 404; to have it, set"
        yield ok(name, f"{found} {PREFIX}EMAIL_CODE_LOGIN=on")
    else:
        yield ok(name, "on")


def check_public_keys(algorithm: str, *, has_public_keys: bool) -> Iterator[Finding]:
    """Yields whether others can verify tokens with public keys."""
    if has_public_keys:
        yield ok("public keys", f"{algorithm}, at /.well-known/jwks.json")
    else:
        cure = f"set {PREFIX}JWT_ALGORITHM=EdDSA or ES256"
        yield ok("public keys", f"none: tokens are signed with a secret ({algorithm}); to have them, {cure}")


def check_metadata_schema(file: object, problem: str) -> Iterator[Finding]:
    """Yields whether `user_metadata` can be held against the schema that is set, if one is."""
    name = "user metadata"
    if problem:
        yield fail(name, problem, "correct it: nothing starts before")
    elif file is None:
        yield ok(name, f"none: any JSON object will do; to have one, set {PREFIX}USER_METADATA_SCHEMA")
    else:
        yield ok(name, f"user_metadata is held against {file}")


def check_tracing(endpoint: str | None, problem: str) -> Iterator[Finding]:
    """Yields whether requests can be traced, where that is asked for."""
    if problem:
        yield fail("tracing", problem, f"correct it, or unset {PREFIX}OTLP_ENDPOINT: nothing is served before")
    else:
        yield ok("tracing", f"spans go to {endpoint}" if endpoint else f"off; to have it, set {PREFIX}OTLP_ENDPOINT")
