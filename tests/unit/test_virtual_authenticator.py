"""The virtual authenticator gives what a browser gives, and refuses what it refuses."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from leadnator_auth.testing import AuthenticatorRefusedError, VirtualAuthenticator
from leadnator_auth.testing.virtual_authenticator import decoded
from leadnator_auth.testing.virtual_keys import cbor

MAKING: dict[str, Any] = {
    "rp": {"id": "example.org", "name": "Example"},
    "user": {"id": "dV8x", "name": "alice@example.com", "displayName": "Alice"},
    "challenge": "Y2hhbGxlbmdl",
    "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-48, -8, -7, -257)],
}
USING: dict[str, Any] = {"rpId": "example.org", "challenge": "Y2hhbGxlbmdl"}


def made_for(user: str, device: VirtualAuthenticator) -> dict[str, Any]:
    return device.create({**MAKING, "user": {**MAKING["user"], "id": user}})


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_it_gives_all_that_json_of_a_browser_has(algorithm: int) -> None:
    device = VirtualAuthenticator(algorithms=(algorithm,))
    answer = device.create(MAKING)
    assert answer.keys() >= {"id", "rawId", "type", "authenticatorAttachment", "clientExtensionResults", "response"}
    response = answer["response"]
    assert response["publicKeyAlgorithm"] == algorithm
    assert load_der_public_key(decoded(response["publicKey"]))
    assert decoded(response["authenticatorData"]) in decoded(response["attestationObject"])
    assert device.get(USING)["response"]["userHandle"] == "dV8x"


def test_it_takes_the_first_algorithm_that_it_knows() -> None:
    assert VirtualAuthenticator().create(MAKING)["response"]["publicKeyAlgorithm"] == -8
    with pytest.raises(AuthenticatorRefusedError) as refusal:
        VirtualAuthenticator(algorithms=(-35,)).create(MAKING)
    assert refusal.value.name == "NotSupportedError"


def test_it_keeps_one_for_each_account_and_uses_those_that_are_allowed() -> None:
    device = VirtualAuthenticator()
    first, second = made_for("dV8x", device)["id"], made_for("dV8y", device)["id"]
    assert [each.id for each in device.credentials] == [first, second]
    assert device.get(USING)["id"] == second
    assert device.get(USING, first)["id"] == first
    allowed = {**USING, "allowCredentials": [{"type": "public-key", "id": first}]}
    assert device.get(allowed)["id"] == first
    again = made_for("dV8x", device)["id"]
    assert [each.id for each in device.credentials] == [second, again]
    for options, chosen in ((allowed, None), ({**USING, "rpId": "example.com"}, None), (USING, first)):
        with pytest.raises(AuthenticatorRefusedError) as refusal:
            device.get(options, chosen)
        assert refusal.value.name == "NotAllowedError"


def test_a_clone_counts_for_itself() -> None:
    device = VirtualAuthenticator()
    device.create(MAKING)
    clone = device.clone()
    for _ in range(3):
        device.get(USING)
    clone.get(USING)
    assert [each.credentials[0].sign_count for each in (device, clone)] == [4, 2]
    assert device.credentials[0].key_pair is clone.credentials[0].key_pair


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "00"), (23, "17"), (24, "1818"), (255, "18ff"), (256, "190100"), (65_536, "1a00010000"),
        (4_294_967_296, "1b0000000100000000"), (-1, "20"), (-257, "390100"), (b"\1\2", "420102"), ("ü", "62c3bc"),
        ({}, "a0"), ({1: {"a": b""}}, "a101a1616140"),
    ],
)  # fmt: skip
def test_its_cbor_is_that_of_the_standard(value: Any, written: str) -> None:
    assert cbor(value).hex() == written
