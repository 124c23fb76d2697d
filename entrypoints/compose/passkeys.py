"""The adapter that verifies passkeys, as the settings say and if its libraries are there."""

from importlib.util import find_spec

import attrs

from leadnator_auth.domain.ports import PasskeyCeremony
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.origins import is_address, origin_of
from leadnator_auth.entrypoints.settings.url_parts import UrlError, split_url

LIBRARIES = ("cryptography", "fido2")
"""What the extra `passkeys` installs."""


@attrs.frozen
class RelyingParty:
    """Whose passkeys they are: a domain, and the origins of the pages that may ask for them."""

    id: str
    name: str
    origins: tuple[str, ...]
    """That of the public URL first."""


def missing_libraries() -> list[str]:
    """Returns which libraries of the extra `passkeys` are not installed."""
    return [name for name in LIBRARIES if find_spec(name) is None]


def relying_party(settings: Settings) -> RelyingParty | None:
    """Returns the relying party at the public URL; None where that has no domain, which passkeys belong to."""
    try:
        origin = origin_of(settings.public_url) if settings.public_url else None
    except UrlError:  # a name that two browsers may spell in two ways
        return None
    if origin is None or is_address(origin):
        return None
    domain = split_url(origin, ("http", "https")).hosts[0].name
    others = [each for each in settings.passkey_origins if each != origin]
    return RelyingParty(domain, settings.app_name, (origin, *others))


def passkey_ceremony(settings: Settings) -> PasskeyCeremony | None:
    """Returns what verifies passkeys, or None where they are off, and then nothing of its libraries is imported."""
    party = relying_party(settings)
    if party is None or missing_libraries():
        return None
    from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys  # not needed where passkeys are off

    return Fido2Passkeys(party.id, party.name, party.origins)
