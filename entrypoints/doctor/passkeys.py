"""The check of passkeys: whether they are on, for whom, and what to set where they are not."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from leadnator_auth.entrypoints.doctor.examining import Finding, fail, ok, warn
from leadnator_auth.entrypoints.settings import PREFIX

NAME = "passkeys"
_INSTALL = "pip install 'leadnator-auth[passkeys]'"
_URL = f"set {PREFIX}PUBLIC_URL to one with a domain, such as https://auth.example.com or http://localhost:8000"


def check_passkeys(
    public_origin: str | None, domain: str | None, others: Sequence[str], missing: Sequence[str]
) -> Iterator[Finding]:
    """Yields whether passkeys are on and, where somebody asked for them in vain, what to do about it.

    `domain` is that of the public URL, None where it has none; `others` are the origins that are set besides, and
    `missing` the libraries that are not installed.
    """
    lacking = [] if domain else [("the public URL has no domain, which passkeys belong to", _URL)]
    lacking += [(f"{', '.join(missing)} is not installed", _INSTALL)] if missing else []
    if not lacking:
        yield from _on(public_origin or "", domain or "", others)
    elif others:
        for why, cure in lacking:
            yield fail(NAME, f"off, and {PREFIX}PASSKEY_ORIGINS is set: {why}", cure)
    else:
        reasons, cures = zip(*lacking, strict=True)
        yield ok(NAME, f"off: {' and '.join(reasons)}; to have them, {' and '.join(cures)}")


def _on(public_origin: str, domain: str, others: Sequence[str]) -> Iterator[Finding]:
    yield ok(NAME, f"on, for the domain {domain}" + (f", and pages of {', '.join(others)}" if others else ""))
    in_clear = [each for each in (public_origin, *others) if each.startswith("http://") and not _is_local(each)]
    if in_clear:
        found = f"browsers offer none on pages that are not encrypted: {', '.join(in_clear)}"
        yield warn(NAME, found, f"name https:// in {PREFIX}PUBLIC_URL and {PREFIX}PASSKEY_ORIGINS")


def _is_local(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    return host == "localhost" or host.endswith(".localhost")
