"""The contract of every PasskeyCeremony."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from leadnator_auth.domain.entities.passkey import AuthenticatorFlags, Passkey, user_handle_of
from leadnator_auth.domain.errors import InvalidPasskeyError
from leadnator_auth.domain.ports import PasskeyCeremony
from leadnator_auth.domain.values.ids import PasskeyId
from leadnator_auth.testing.contract.checking import must_raise
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
