"""Answers that nobody here wrote are accepted and refused as they should be."""

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.fido2_passkeys.reading import bytes_of
from leadnator_auth.domain import InvalidPasskeyError, Passkey, PasskeyAssertion, PasskeyId, PasskeyRegistration
from leadnator_auth.testing.contract.passkeys import a_passkey
from leadnator_auth.testing.contract.samples import NOW, a_user

Vector = dict[str, Any]

ALICE = a_user()
HERE = Path(__file__).parent
W3C: dict[str, Vector] = {each["name"]: each for each in json.loads((HERE / "webauthn_level_3.json").read_text())}
DUO: dict[str, Vector] = {each["name"]: each for each in json.loads((HERE / "py_webauthn.json").read_text())}
IN_A_FRAME, NOT_ASKED_FOR = "in a frame of another origin", "of a kind that was not asked for"
REFUSED_BY_US = {
    "none-es256-crossOrigin": IN_A_FRAME,
    "none-es256-topOrigin": IN_A_FRAME,
    "packed-es384": NOT_ASKED_FOR,
    "packed-es512": NOT_ASKED_FOR,
    "packed-ed448": NOT_ASKED_FOR,
}
WITHOUT_VERIFICATION = {
    "none-es256": (False, False),
    "packed-self-es256": (True, False),
    "none-es256-long-credential-id": (False, True),
    "packed-rs256": (True, False),
    "packed-eddsa": (False, False),
    "android-key-es256": (True, False),
    "apple-es256": (False, False),
    "fido-u2f-es256": (False, False),
}
"""Who was verified, at registration and at log-in; in all others both times."""
REFUSED_OF_DUO = {
    "raises_exception_on_incorrect_public_key": "not signed by the key",
    "verify_ml_dsa_44_response": "signature is missing, no text, or too long",
    "raises_useful_error_on_bad_attestation_object": "attestationObject is missing",
    "verify_pqc_ml_dsa_44_packed_response": NOT_ASKED_FOR,
}
UNVERIFIED_OF_DUO = {
    "raises_exception_on_uv_required_but_false",
    "verify_authentication_response_with_EC2_public_key",
    "verify_authentication_response_with_OKP_public_key",
    "verify_attestation_from_fido_conformance",
    "verify_attestation_from_yubikey_firefox",
    "verify_attestation_with_unsupported_token_binding",
    "verify_attestation_with_unsupported_token_binding_status",
    "verify_attestation_with_okp_public_key",
}


def answer(name: str, parts: dict[str, str]) -> dict[str, Any]:
    response = {part: text for part, text in parts.items() if part != "challenge"}
    return {"id": name, "rawId": name, "type": "public-key", "response": response}


def registration_of(vector: Vector) -> PasskeyRegistration:
    parts = vector["registration"]
    ceremony = Fido2Passkeys("example.org", "Example", ["https://example.org"])
    return ceremony.verify_registration(answer(vector["credential_id"], parts), bytes_of(parts["challenge"]))


def passkey_of(registration: PasskeyRegistration) -> Passkey:
    """Returns a passkey whatever its flags say."""
    flags = attrs.evolve(registration.flags, user_verified=True)
    return Passkey.made_of(attrs.evolve(registration, flags=flags), PasskeyId("p_1"), ALICE, "", NOW)


def assertion_of(vector: Vector, passkey: Passkey) -> PasskeyAssertion:
    parts = vector["assertion"]
    ceremony = Fido2Passkeys("example.org", "Example", ["https://example.org"])
    return ceremony.verify_assertion(answer(vector["credential_id"], parts), bytes_of(parts["challenge"]), passkey)


@pytest.mark.parametrize("name", [name for name in W3C if name not in REFUSED_BY_US])
def test_what_the_specification_calls_valid_is_verified(name: str) -> None:
    vector = W3C[name]
    registration = registration_of(vector)
    assert registration.aaguid.replace("-", "") == vector["aaguid"]
    assert registration.credential_id == vector["credential_id"]
    passkey = passkey_of(registration)
    assertion = assertion_of(vector, passkey)
    verified = (registration.flags.user_verified, assertion.flags.user_verified)
    assert verified == WITHOUT_VERIFICATION.get(vector["name"], (True, True))
    if verified[1]:
        assert passkey.used_by(assertion, NOW, is_user_known=True).backed_up == assertion.flags.backed_up
    else:
        with pytest.raises(InvalidPasskeyError, match="did not verify who used it"):
            passkey.used_by(assertion, NOW, is_user_known=True)
    if not verified[0]:
        with pytest.raises(InvalidPasskeyError, match="did not verify who used it"):
            registration.flags.check()


@pytest.mark.parametrize("name", REFUSED_BY_US)
def test_what_was_not_asked_for_is_refused_though_it_is_valid(name: str) -> None:
    with pytest.raises(InvalidPasskeyError, match=REFUSED_BY_US[name]):
        registration_of(W3C[name])


@pytest.mark.parametrize("name", W3C)
def test_one_vector_is_no_answer_to_another(name: str) -> None:
    vector = W3C[name]
    passkey = passkey_of(registration_of(W3C["tpm-es256"]))
    with pytest.raises(InvalidPasskeyError):
        assertion_of({**vector, "assertion": {**vector["assertion"], "challenge": "A" * 43}}, passkey)
    if name != "tpm-es256":
        with pytest.raises(InvalidPasskeyError):
            assertion_of({**vector, "credential_id": passkey.credential_id}, passkey)


def facts_of(vector: Vector) -> PasskeyRegistration | PasskeyAssertion:
    ceremony = Fido2Passkeys(vector["rp_id"], "Example", vector["origins"])
    credential, challenge = vector["credential"], bytes_of(vector["challenge"])
    if vector["kind"] == "registration":
        return ceremony.verify_registration(credential, challenge)
    passkey = attrs.evolve(a_passkey(ALICE), credential_id=credential["id"], public_key=vector["public_key"])
    return ceremony.verify_assertion(credential, challenge, passkey)


@pytest.mark.parametrize("name", DUO)
def test_what_others_verify_is_accepted_and_refused_as_it_should_be(name: str) -> None:
    if name in REFUSED_OF_DUO:
        with pytest.raises(InvalidPasskeyError, match=REFUSED_OF_DUO[name]):
            facts_of(DUO[name])
    else:
        assert facts_of(DUO[name]).flags.user_verified is (name not in UNVERIFIED_OF_DUO)
