"""The contract of every PasskeyCeremony."""

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from leadnator_auth.domain.entities.passkey import AuthenticatorFlags, user_handle_of
from leadnator_auth.domain.errors import InvalidPasskeyError
from leadnator_auth.domain.ports import PasskeyCeremony
from leadnator_auth.testing.contract.checking import must_raise
from leadnator_auth.testing.contract.passkey_answers import (
    ALGORITHMS,
    ALICE,
    MAKING,
    MALFORMED,
    ORIGINS,
    RP_ID,
    USING,
    Json,
    changed,
    created,
    got,
    refusal_of,
    registered,
    signed_again,
    virtual,
)


@pytest.mark.asyncio
class PasskeyCeremonyContract:
    """For PasskeyCeremony. Fixture: `ceremony`, for the relying party `example.org`, whose pages are at
    `https://example.org` and `https://app.example.org:8443`. It needs the extra `passkeys`.
    """

    async def test_options_for_a_new_passkey_ask_for_what_we_rely_on(self, ceremony: PasskeyCeremony) -> None:
        options: Any = json.loads(json.dumps(ceremony.registration_options(ALICE, MAKING, ())))
        assert options["rp"]["id"] == RP_ID, "the domain that passkeys belong to"
        assert options["user"]["name"] == ALICE.email.typed, "what a person chooses an account by"
        assert options["user"]["displayName"] == ALICE.name
        assert {each["alg"] for each in options["pubKeyCredParams"]} == set(ALGORITHMS.values())
        selection = options["authenticatorSelection"]
        assert (selection["residentKey"], selection["userVerification"]) == ("required", "required"), (
            "a passkey is found without a name, and stands for a second factor"
        )
        assert options["attestation"] == "none", "nobody looks at the model"

    async def test_an_authenticator_that_has_one_makes_no_other(self, ceremony: PasskeyCeremony) -> None:
        passkey = registered(virtual(), ceremony)
        options: Any = json.loads(json.dumps(ceremony.registration_options(ALICE, MAKING, [passkey])))
        (excluded,) = options["excludeCredentials"]
        assert (excluded["id"], excluded["transports"]) == (passkey.credential_id, list(passkey.transports))

    async def test_options_for_use_name_those_that_are_allowed(self, ceremony: PasskeyCeremony) -> None:
        passkey = registered(virtual(), ceremony)
        options: Any = json.loads(json.dumps(ceremony.assertion_options(USING, [passkey])))
        assert [each["id"] for each in options["allowCredentials"]] == [passkey.credential_id]
        assert (options["rpId"], options["userVerification"]) == (RP_ID, "required")
        assert not ceremony.assertion_options(USING)["allowCredentials"], "whichever one the person chooses"

    @pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=list(ALGORITHMS))
    async def test_each_algorithm_is_verified(self, ceremony: PasskeyCeremony, algorithm: int) -> None:
        device = virtual(algorithms=(algorithm,))
        passkey = registered(device, ceremony)
        assert (passkey.algorithm, passkey.sign_count) == (algorithm, 1)
        credential = got(device, ceremony)
        assert ceremony.credential_id(credential) == passkey.credential_id
        assertion = ceremony.verify_assertion(credential, USING, passkey)
        assert (assertion.credential_id, assertion.sign_count) == (passkey.credential_id, 2)
        assert assertion.user_handle == user_handle_of(ALICE.id), "the options told whose passkey it is"

    @pytest.mark.parametrize("origin", ORIGINS)
    async def test_each_origin_of_ours_will_do(self, ceremony: PasskeyCeremony, origin: str) -> None:
        device = virtual(origin=origin)
        passkey = registered(device, ceremony)
        assert ceremony.verify_assertion(got(device, ceremony), USING, passkey)

    @pytest.mark.parametrize(
        "flags",
        [
            AuthenticatorFlags(user_present=True, user_verified=True, backup_eligible=False, backed_up=False),
            AuthenticatorFlags(user_present=True, user_verified=False, backup_eligible=True, backed_up=False),
            AuthenticatorFlags(user_present=True, user_verified=True, backup_eligible=True, backed_up=True),
            AuthenticatorFlags(user_present=True, user_verified=False, backup_eligible=False, backed_up=True),
        ],
    )
    async def test_flags_are_told_and_not_judged(self, ceremony: PasskeyCeremony, flags: AuthenticatorFlags) -> None:
        device = virtual(counts=False, transports=("usb", "nfc", "carrier-pigeon"))
        passkey = registered(device, ceremony)
        device.verifies_user, device.detects_user = flags.user_verified, flags.user_present
        device.backup_eligible, device.backed_up = flags.backup_eligible, flags.backed_up
        assertion = ceremony.verify_assertion(got(device, ceremony), USING, passkey)
        assert assertion.flags == flags, "what they mean is for the domain to say"
        assert (passkey.sign_count, assertion.sign_count) == (0, 0)
        assert ceremony.verify_registration(created(device, ceremony), MAKING).flags == flags
        assert passkey.transports == ("nfc", "usb"), "those that browsers know, in the order of the alphabet"

    async def test_who_does_not_tell_whose_it_is_has_no_user_handle(self, ceremony: PasskeyCeremony) -> None:
        device = virtual()
        passkey = registered(device, ceremony)
        device.tells_user = False
        assert ceremony.verify_assertion(got(device, ceremony), USING, passkey).user_handle is None

    @pytest.mark.parametrize(
        "fields",
        [
            {"origin": "https://example.org.evil.example"},
            {"origin": "https://evil.example.org"},
            {"origin": "http://example.org"},
            {"origin": "https://example.org:444"},
            {"origin": "https://EXAMPLE.org"},
            {"cross_origin": True},
        ],
        ids=str,
    )
    async def test_another_page_is_refused(self, ceremony: PasskeyCeremony, fields: dict[str, Any]) -> None:
        device, page = virtual(), virtual(**fields)
        passkey = registered(device, ceremony)
        with must_raise(InvalidPasskeyError, "compare the whole origin, and refuse what was made in a frame"):
            ceremony.verify_registration(created(page, ceremony), MAKING)
        page.credentials = device.credentials
        with must_raise(InvalidPasskeyError, "compare the whole origin, and refuse what was made in a frame"):
            ceremony.verify_assertion(got(page, ceremony), USING, passkey)

    async def test_another_challenge_is_refused(self, ceremony: PasskeyCeremony) -> None:
        device = virtual()
        passkey = registered(device, ceremony)
        for other in (USING[:-1], USING + b"d", b"e" * 32):
            with must_raise(InvalidPasskeyError, "compare the whole challenge of a new passkey"):
                ceremony.verify_registration(created(virtual(), ceremony, other), USING)
            with must_raise(InvalidPasskeyError, "compare the whole challenge of one that is used"):
                ceremony.verify_assertion(got(device, ceremony, other), USING, passkey)

    async def test_another_relying_party_is_refused(self, ceremony: PasskeyCeremony) -> None:
        device = virtual()
        passkey = registered(device, ceremony)
        options: Any = ceremony.registration_options(ALICE, MAKING, ())
        elsewhere = {**options, "rp": {**options["rp"], "id": "org"}}
        with must_raise(InvalidPasskeyError, "compare the digest of the relying party's id"):
            ceremony.verify_registration(virtual().create(elsewhere), MAKING)
        device.credentials[0].rp_id = "org"
        with must_raise(InvalidPasskeyError, "compare the digest of the relying party's id"):
            ceremony.verify_assertion(device.get({**ceremony.assertion_options(USING), "rpId": "org"}), USING, passkey)

    async def test_only_the_key_of_this_passkey_signs(self, ceremony: PasskeyCeremony) -> None:
        device, other = virtual(), virtual()
        passkey, stranger = registered(device, ceremony), registered(other, ceremony)
        credential = got(device, ceremony)
        for wrong in (stranger, attrs.evolve(passkey, public_key=stranger.public_key)):
            with must_raise(InvalidPasskeyError, "verify with the key of this passkey, whose id it has"):
                ceremony.verify_assertion(credential, USING, wrong)
        later = got(device, ceremony)["response"]
        for part in ("authenticatorData", "signature"):
            with must_raise(InvalidPasskeyError, "the signature is over all that was answered"):
                ceremony.verify_assertion(changed(credential, **{part: later[part]}), USING, passkey)

    async def test_making_is_not_using(self, ceremony: PasskeyCeremony) -> None:
        device = virtual()
        passkey = registered(device, ceremony)
        answer, use = created(virtual(), ceremony, USING), got(device, ceremony)
        mixed = changed(use, clientDataJSON=answer["response"]["clientDataJSON"])
        mixed["response"]["signature"] = signed_again(device, mixed["response"])
        with must_raise(InvalidPasskeyError, "look at the type in the client data"):
            ceremony.verify_assertion(mixed, USING, passkey)
        with must_raise(InvalidPasskeyError, "look at the type in the client data"):
            ceremony.verify_registration(changed(answer, clientDataJSON=use["response"]["clientDataJSON"]), USING)
        for verified in (lambda: ceremony.verify_registration(use, USING), lambda: ceremony.credential_id(answer)):
            with must_raise(InvalidPasskeyError, "one kind of answer is none of the other kind"):
                verified()

    @pytest.mark.parametrize("make", MALFORMED.values(), ids=list(MALFORMED))
    async def test_what_is_malformed_is_refused_in_words_of_ours(
        self, ceremony: PasskeyCeremony, make: Callable[[Json], Any]
    ) -> None:
        device = virtual()
        passkey = registered(device, ceremony)
        answer, use = make(created(device, ceremony)), make(got(device, ceremony))
        for verify in (
            lambda: ceremony.verify_registration(answer, MAKING),
            lambda: ceremony.verify_assertion(use, USING, passkey),
        ):
            words = refusal_of(verify)
            assert passkey.credential_id not in words, "the words of the error quote nothing of what was sent"
