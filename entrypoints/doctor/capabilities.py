"""What settings alone switch on and off: who meets a 404 or a refusal there learns what to set.

Nothing of this is wrong: each is as somebody wants it.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from leadnator_auth.entrypoints.doctor.examining import Finding, fail, ok, warn
from leadnator_auth.entrypoints.settings import PREFIX
from leadnator_auth.entrypoints.settings.account_values import CLOSED, OPEN

PASSKEYS = "passkeys"
_INSTALL = "pip install 'leadnator-auth[passkeys]'"
_URL = f"set {PREFIX}PUBLIC_URL to one with a domain, such as https://auth.example.com or http://localhost:8000"


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


def check_passkeys(
    public_origin: str | None, domain: str | None, others: Sequence[str], missing: Sequence[str]
) -> Iterator[Finding]:
    """Yields whether passkeys are on and, where somebody asked for them in vain, what to do about it.

    `domain` is that of the public URL, None where it has none; `others` are the origins that are set besides, and
    `missing` the libraries that are not installed.
    """
    lacking = [] if domain else [("the public URL has no domain for passkeys to belong to", _URL)]
    verb = "are" if len(missing) > 1 else "is"
    lacking += [(f"{', '.join(missing)} {verb} not installed", _INSTALL)] if missing else []
    if not lacking:
        yield from _on(public_origin or "", domain or "", others)
    elif others:
        for why, cure in lacking:
            yield fail(PASSKEYS, f"off, and {PREFIX}PASSKEY_ORIGINS is set: {why}", cure)
    else:
        reasons, cures = zip(*lacking, strict=True)
        yield ok(PASSKEYS, f"off: {', and '.join(reasons)}; to have them, {', and '.join(cures)}")


def _on(public_origin: str, domain: str, others: Sequence[str]) -> Iterator[Finding]:
    yield ok(PASSKEYS, f"on, for the domain {domain}" + (f", and pages of {', '.join(others)}" if others else ""))
    in_clear = [each for each in (public_origin, *others) if each.startswith("http://") and not _is_local(each)]
    if in_clear:
        found = f"browsers offer none on pages that are not encrypted: {', '.join(in_clear)}"
        yield warn(PASSKEYS, found, f"name https:// in {PREFIX}PUBLIC_URL and {PREFIX}PASSKEY_ORIGINS")


def _is_local(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    return host == "localhost" or host.endswith(".localhost")
