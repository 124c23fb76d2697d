"""Answers put together part by part, and signed as they are: only what a test makes wrong is wrong."""

import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.domain import Passkey, PasskeyId
from leadnator_auth.testing import VirtualAuthenticator, VirtualCredential
from leadnator_auth.testing.contract.passkey_answers import ALICE, MAKING, ORIGINS, RP_ID, USING
from leadnator_auth.testing.contract.samples import NOW
from leadnator_auth.testing.virtual_authenticator import decoded, encoded
from leadnator_auth.testing.virtual_keys import Cbor, cbor

CEREMONY = Fido2Passkeys(RP_ID, "Example", ORIGINS)
COUNT = 7


@attrs.define
class Parts:
    """What an answer is made of."""

    credential: VirtualCredential
    client: dict[str, Any]
    key: dict[Any, Any]
    rp_id: str = RP_ID
    flags: int = 0x45  # present, verified, with a key
    count: int = COUNT
    raw_client: bytes | None = None
    attested: Callable[[bytes, bytes], bytes] = lambda name, key: bytes(16) + struct.pack(">H", len(name)) + name + key
    extra: bytes = b""
    statement: Mapping[str, Cbor] = attrs.Factory(dict)
    bend_object: Callable[[bytes], bytes] = lambda data: data
    bend_signature: Callable[[bytes], bytes] = lambda data: data
    user_handle: bytes | None = ALICE.id.encode()
    bend: Callable[[dict[str, Any]], Any] = lambda answer: answer

    @property
    def client_data(self) -> bytes:
        return self.raw_client if self.raw_client is not None else json.dumps(self.client).encode()

    @property
    def head(self) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", self.flags, self.count)

    def registration(self) -> Any:  # whatever `bend` makes of it
        key = cbor(self.key)
        data = self.head + self.attested(decoded(self.credential.id), key) + self.extra
        whole = cbor({"fmt": "none", "attStmt": self.statement, "authData": data})
        return self._answer(attestationObject=encoded(self.bend_object(whole)), transports=["usb"])

    def assertion(self) -> Any:  # as above
        data = self.head + self.extra
        signature = self.credential.key_pair.sign(data + hashlib.sha256(self.client_data).digest())
        handle = {} if self.user_handle is None else {"userHandle": encoded(self.user_handle)}
        return self._answer(
            authenticatorData=encoded(data), signature=encoded(self.bend_signature(signature)), **handle
        )

    def _answer(self, **response: object) -> Any:
        return self.bend(
            {
                "id": self.credential.id,
                "rawId": self.credential.id,
                "type": "public-key",
                "response": {"clientDataJSON": encoded(self.client_data), **response},
            }
        )


def parts_of(kind: str, algorithm: int = -7) -> tuple[Parts, Passkey]:
    """Returns the parts of a good answer, and the passkey it is of as it was before."""
    device = VirtualAuthenticator(algorithms=(algorithm,))
    answer = device.create(CEREMONY.registration_options(ALICE, MAKING, ()))
    passkey = Passkey.made_of(CEREMONY.verify_registration(answer, MAKING), PasskeyId("p_1"), ALICE, "", NOW)
    (credential,) = device.credentials
    challenge = MAKING if kind == "create" else USING
    client = {"type": f"webauthn.{kind}", "challenge": encoded(challenge), "origin": ORIGINS[0], "crossOrigin": False}
    flags = 0x45 if kind == "create" else 0x05
    return Parts(credential, client, dict(credential.key_pair.cose()), flags=flags), passkey


def register(parts: Parts) -> Passkey:
    """Returns the passkey that an answer makes."""
    return Passkey.made_of(CEREMONY.verify_registration(parts.registration(), MAKING), PasskeyId("p_2"), ALICE, "", NOW)


def use(parts: Parts, passkey: Passkey) -> Passkey:
    """Returns the passkey after it was used."""
    answer = parts.assertion()
    assertion = CEREMONY.verify_assertion(answer, USING, passkey)
    return passkey.used_by(assertion, NOW, is_user_known=False)
