"""What devices answer to a PasskeyCeremony, good and bad, for its contract."""

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from leadnator_auth.domain import InvalidPasskeyError, Passkey, PasskeyId
from leadnator_auth.domain.ports import PasskeyCeremony
from leadnator_auth.testing.contract.samples import NOW, a_user

if TYPE_CHECKING:
    from leadnator_auth.testing.virtual_authenticator import VirtualAuthenticator

RP_ID = "example.org"
ORIGINS = ("https://example.org", "https://app.example.org:8443")
ALICE = a_user("alice")
MAKING, USING = b"c" * 32, b"d" * 32
"""Challenges."""
ALGORITHMS = {"ES256": -7, "EdDSA": -8, "RS256": -257}

Json = Mapping[str, Any]


def virtual(**fields: Any) -> "VirtualAuthenticator":  # those of the device
    """Returns a device; it is imported late, because not everybody who tests an adapter has its library."""
    from leadnator_auth.testing.virtual_authenticator import VirtualAuthenticator

    return VirtualAuthenticator(**{"origin": ORIGINS[0], **fields})


def created(device: "VirtualAuthenticator", ceremony: PasskeyCeremony, challenge: bytes = MAKING) -> dict[str, Any]:
    return device.create(ceremony.registration_options(ALICE, challenge, ()))


def got(device: "VirtualAuthenticator", ceremony: PasskeyCeremony, challenge: bytes = USING) -> dict[str, Any]:
    return device.get(ceremony.assertion_options(challenge))


def registered(device: "VirtualAuthenticator", ceremony: PasskeyCeremony) -> Passkey:
    registration = ceremony.verify_registration(created(device, ceremony), MAKING)
    return Passkey.made_of(registration, PasskeyId("p_1"), ALICE, "a name", NOW)


def signed_again(device: "VirtualAuthenticator", response: Json) -> str:
    """Returns the signature of the device's passkey over what an answer says now."""
    from leadnator_auth.testing.virtual_authenticator import decoded, encoded

    digest = hashlib.sha256(decoded(response["clientDataJSON"])).digest()
    return encoded(device.credentials[0].key_pair.sign(decoded(response["authenticatorData"]) + digest))


def changed(credential: Json, **response: object) -> dict[str, Any]:
    return {**credential, "response": {**credential["response"], **response}}


def refusal_of(verify: Callable[[], object]) -> str:
    """Returns the words of the error that this raises, which must be the only one there is."""
    try:
        verify()
    except InvalidPasskeyError as error:
        return str(error)
    except Exception as error:
        raise AssertionError(f"raise InvalidPasskeyError whatever somebody sends, not {error!r}") from error
    pytest.fail("raise InvalidPasskeyError, do not go on as if nothing had happened")


MALFORMED: dict[str, Callable[[Json], Any]] = {
    "nothing": lambda it: {},
    "no id": lambda it: {**it, "id": None},
    "an id that is a number": lambda it: {**it, "id": 5, "rawId": 5},
    "two ids": lambda it: {**it, "rawId": "A" * 43},
    "another type": lambda it: {**it, "type": "password"},
    "no response": lambda it: {**it, "response": None},
    "a response that is a list": lambda it: {**it, "response": [it["response"]]},
    "no client data": lambda it: changed(it, clientDataJSON=None),
    "client data that is no JSON": lambda it: changed(it, clientDataJSON="AAAA"),
    "client data that is a list": lambda it: changed(it, clientDataJSON="W10"),
    "client data of a megabyte": lambda it: changed(it, clientDataJSON="A" * 1_048_576),
    "padded base64": lambda it: changed(it, clientDataJSON="e30="),
}
