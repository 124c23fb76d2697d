"""The ceremonies of WebAuthn Level 3, section 7: options for browsers, and what their answers say."""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

import attrs
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
)

from leadnator_auth.adapters.fido2_passkeys.keys import ALGORITHMS, checked_key, read_key, written_key
from leadnator_auth.adapters.fido2_passkeys.reading import (
    assertion_answer,
    bytes_of,
    check_complete,
    one_error,
    registration_answer,
    transports_in,
)
from leadnator_auth.domain.entities.passkey import (
    AuthenticatorFlags,
    Passkey,
    PasskeyAssertion,
    PasskeyRegistration,
    user_handle_of,
)
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.errors import InvalidPasskeyError

TIMEOUT_MILLISECONDS = 300_000
_NO_MODEL = bytes(16)

Json = Mapping[str, object]


def _frozen(origins: Iterable[str]) -> frozenset[str]:
    return frozenset(origins)


@attrs.frozen
class Fido2Passkeys:
    """PasskeyCeremony by `fido2`, for one relying party: its id, its name, and the origins its pages have."""

    relying_party_id: str
    name: str
    origins: frozenset[str] = attrs.field(converter=_frozen)

    @property
    def related_origins(self) -> Sequence[str]:
        pages = [each for each in self.origins if urlsplit(each).scheme in ("http", "https")]
        return sorted(each for each in pages if urlsplit(each).hostname != self.relying_party_id)

    def registration_options(self, user: User, challenge: bytes, existing: Sequence[Passkey]) -> Json:
        return {
            "rp": {"id": self.relying_party_id, "name": self.name},
            "user": {
                "id": websafe_encode(user_handle_of(user.id)),
                "name": user.email.typed,
                "displayName": user.name,
            },
            "challenge": websafe_encode(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
            "timeout": TIMEOUT_MILLISECONDS,
            "excludeCredentials": _descriptors(existing),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,  # for browsers of Level 1
                "userVerification": "required",
            },
            "attestation": "none",
        }

    @one_error
    def verify_registration(self, credential: Json, challenge: bytes) -> PasskeyRegistration:
        answer = registration_answer(credential)
        response = RegistrationResponse.from_dict(answer)
        check_complete(response.response.attestation_object)
        self._check_client(response.response.client_data, challenge)
        data = self._server().register_complete(_state(challenge), response)
        attested = data.credential_data
        if attested is None or attested.credential_id != response.raw_id:
            raise InvalidPasskeyError("its id is not that of the key that comes with it")
        key = checked_key(attested.public_key)
        return PasskeyRegistration(
            credential_id=response.id,
            public_key=written_key(key),
            algorithm=key.ALGORITHM,
            sign_count=data.counter,
            flags=_flags(data),
            transports=transports_in(credential),
            aaguid=str(attested.aaguid),
        )

    def assertion_options(self, challenge: bytes, allowed: Sequence[Passkey] = ()) -> Json:
        return {
            "challenge": websafe_encode(challenge),
            "timeout": TIMEOUT_MILLISECONDS,
            "rpId": self.relying_party_id,
            "allowCredentials": _descriptors(allowed),
            "userVerification": "required",
        }

    @one_error
    def credential_id(self, credential: Json) -> str:
        return str(assertion_answer(credential)["id"])

    @one_error
    def verify_assertion(self, credential: Json, challenge: bytes, passkey: Passkey) -> PasskeyAssertion:
        response = AuthenticationResponse.from_dict(assertion_answer(credential))
        self._check_client(response.response.client_data, challenge)
        kept = AttestedCredentialData.create(_NO_MODEL, bytes_of(passkey.credential_id), read_key(passkey.public_key))
        self._server().authenticate_complete(_state(challenge), [kept], response)
        data = response.response.authenticator_data
        return PasskeyAssertion(
            credential_id=response.id,
            user_handle=response.response.user_handle,
            sign_count=data.counter,
            flags=_flags(data),
        )

    def _server(self) -> Fido2Server:
        party = PublicKeyCredentialRpEntity(id=self.relying_party_id, name=self.name)
        return Fido2Server(party, verify_origin=self.origins.__contains__)

    def _check_client(self, data: CollectedClientData, challenge: bytes) -> None:
        """Checks what the library does not, and what an operator wants to read of in the log."""
        if data.origin not in self.origins:
            raise InvalidPasskeyError("it was made on a page whose origin is none of those that are set")
        if not hmac.compare_digest(data.challenge, challenge):
            raise InvalidPasskeyError("it answers another challenge")
        # A page in somebody's frame may be under a picture that asks for something else.
        if data.cross_origin is not False or "topOrigin" in json.loads(data):
            raise InvalidPasskeyError("it was made in a frame of another origin")


def _state(challenge: bytes) -> dict[str, object]:
    """Returns what the library wants to find again; who was verified is the domain's to judge."""
    return {"challenge": websafe_encode(challenge), "user_verification": None}


def _descriptors(passkeys: Sequence[Passkey]) -> list[dict[str, object]]:
    return [
        {"type": "public-key", "id": passkey.credential_id, "transports": list(passkey.transports)}
        for passkey in passkeys
    ]


def _flags(data: AuthenticatorData) -> AuthenticatorFlags:
    return AuthenticatorFlags(
        user_present=data.is_user_present(),
        user_verified=data.is_user_verified(),
        backup_eligible=data.is_backup_eligible(),
        backed_up=data.is_backed_up(),
    )
