"""A passkey authenticator and the browser around it, for tests: options in, credentials out, as JSON."""

import base64
import hashlib
import json
import secrets
import struct
import uuid
from collections.abc import Mapping
from typing import Any, Self

import attrs

from leadnator_auth.testing.virtual_keys import EDDSA, ES256, KEY_PAIRS, RS256, Cbor, KeyPair, cbor

_USER_PRESENT, _USER_VERIFIED, _BACKUP_ELIGIBLE, _BACKED_UP, _HAS_CREDENTIAL = 0x01, 0x04, 0x08, 0x10, 0x40

Json = Mapping[str, Any]


class AuthenticatorRefusedError(Exception):
    """The authenticator has no credential, or makes none, for these options; `name` is that of the DOMException."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


@attrs.define
class VirtualCredential:
    """A discoverable credential: what an authenticator keeps of a passkey."""

    id: str
    """In base64url."""
    rp_id: str
    user: Json
    """Its `id` in base64url is the user handle; `name` and `displayName` are what a person chooses by."""
    key_pair: KeyPair = attrs.field(repr=False)
    sign_count: int = 0


@attrs.define(kw_only=True)
class VirtualAuthenticator:
    """A passkey authenticator, with the browser and the person before it.

    `create` and `get` take the options that `navigator.credentials` would get, parsed from JSON, and return what
    `toJSON()` would give. It does what its fields say and looks at nothing else: it signs on a page of whatever origin,
    and without user verification where that is required, so that the other side can be seen to refuse.
    """

    origin: str | None = None
    """Of the page that asks; by default `https://` and the id of the relying party."""
    algorithms: tuple[int, ...] = (ES256, EDDSA, RS256)
    """Those it knows; it takes the first of the options that it knows."""
    verifies_user: bool = True
    detects_user: bool = True
    backup_eligible: bool = False
    backed_up: bool = False
    counts: bool = True
    """Without it, the counter of each credential is always zero, as that of a passkey on many devices is."""
    tells_user: bool = True
    """Whether an assertion has the user handle; a security key may leave it out where it was told which passkeys."""
    cross_origin: bool = False
    """Whether the page is in a frame of another origin."""
    transports: tuple[str, ...] = ("internal",)
    aaguid: uuid.UUID = attrs.field(factory=lambda: uuid.UUID(int=0))
    credentials: list[VirtualCredential] = attrs.Factory(list)
    """Those it keeps, oldest first."""

    def create(self, options: Json) -> dict[str, Any]:
        """Returns a new credential as a RegistrationResponseJSON, and keeps it.

        It takes the place of one of the same account and relying party.

        Raises: AuthenticatorRefusedError when it has one of those to exclude, or knows none of the algorithms.
        """
        rp_id, user = options["rp"]["id"], options["user"]
        if self._named(options.get("excludeCredentials"), rp_id):
            raise AuthenticatorRefusedError("InvalidStateError", "it has a passkey of this account")
        offered = [each["alg"] for each in options["pubKeyCredParams"]]
        algorithm = next((each for each in offered if each in self.algorithms), None)
        if algorithm is None:
            raise AuthenticatorRefusedError("NotSupportedError", "it knows none of the algorithms")
        credential = VirtualCredential(encoded(secrets.token_bytes(32)), rp_id, user, KEY_PAIRS[algorithm]())
        others = [each for each in self.credentials if (each.rp_id, each.user["id"]) != (rp_id, user["id"])]
        self.credentials = [*others, credential]
        data = self._authenticator_data(credential, with_key=True)
        statement: Mapping[str, Cbor] = {}
        return self._as_json(
            credential,
            clientDataJSON=encoded(self._client_data("webauthn.create", options["challenge"], rp_id)),
            attestationObject=encoded(cbor({"fmt": "none", "attStmt": statement, "authData": data})),
            authenticatorData=encoded(data),
            publicKey=encoded(credential.key_pair.der()),
            publicKeyAlgorithm=algorithm,
            transports=list(self.transports),
        )

    def get(self, options: Json, credential_id: str | None = None) -> dict[str, Any]:
        """Returns the use of a credential as an AuthenticationResponseJSON.

        The person chooses the one with this id, by default the newest of those that are allowed.

        Raises: AuthenticatorRefusedError when there is none.
        """
        rp_id, allowed = options["rpId"], options.get("allowCredentials")
        fitting = self._named(allowed, rp_id) if allowed else [each for each in self.credentials if each.rp_id == rp_id]
        chosen = [each for each in fitting if credential_id in (None, each.id)]
        if not chosen:
            raise AuthenticatorRefusedError("NotAllowedError", "it has no passkey for this")
        credential = chosen[-1]
        client_data = self._client_data("webauthn.get", options["challenge"], rp_id)
        data = self._authenticator_data(credential)
        signature = credential.key_pair.sign(data + hashlib.sha256(client_data).digest())
        return self._as_json(
            credential,
            clientDataJSON=encoded(client_data),
            authenticatorData=encoded(data),
            signature=encoded(signature),
            **({"userHandle": credential.user["id"]} if self.tells_user else {}),
        )

    def clone(self) -> Self:
        """Returns another authenticator with the same keys, whose counters go their own way from now on."""
        return attrs.evolve(self, credentials=[attrs.evolve(each) for each in self.credentials])

    def _named(self, descriptors: list[Json] | None, rp_id: str) -> list[VirtualCredential]:
        ids = [each["id"] for each in descriptors or ()]
        return [each for each in self.credentials if each.rp_id == rp_id and each.id in ids]

    def _client_data(self, kind: str, challenge: str, rp_id: str) -> bytes:
        origin = self.origin or f"https://{rp_id}"
        data = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": self.cross_origin}
        return json.dumps(data, separators=(",", ":")).encode()

    def _authenticator_data(self, credential: VirtualCredential, *, with_key: bool = False) -> bytes:
        credential.sign_count += self.counts
        flags = (
            _USER_PRESENT * self.detects_user
            | _USER_VERIFIED * self.verifies_user
            | _BACKUP_ELIGIBLE * self.backup_eligible
            | _BACKED_UP * self.backed_up
            | _HAS_CREDENTIAL * with_key
        )
        data = hashlib.sha256(credential.rp_id.encode()).digest() + struct.pack(">BI", flags, credential.sign_count)
        if not with_key:
            return data
        name = decoded(credential.id)
        return data + self.aaguid.bytes + struct.pack(">H", len(name)) + name + cbor(credential.key_pair.cose())

    def _as_json(self, credential: VirtualCredential, **response: object) -> dict[str, Any]:
        return {
            "id": credential.id,
            "rawId": credential.id,
            "type": "public-key",
            "authenticatorAttachment": "platform" if "internal" in self.transports else "cross-platform",
            "clientExtensionResults": {},
            "response": response,
        }


def encoded(data: bytes) -> str:
    """Returns bytes in base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Returns what base64url without padding stands for."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
