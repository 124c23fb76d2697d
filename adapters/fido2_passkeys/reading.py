"""The JSON of an answer, read strictly: its form, its length and its base64url, before anything looks into it."""

import functools
import re
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from fido2 import cbor
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject

from leadnator_auth.domain.entities.passkey import TRANSPORTS
from leadnator_auth.domain.errors import InvalidPasskeyError

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_MIN_ID, _MAX_ID = 16, 1023
"""Bytes of a credential id (WebAuthn Level 3 sections 4 and 7.1)."""
_MAX_CLIENT_DATA = 4096
_MAX_AUTHENTICATOR_DATA = 4096
# Attestation is not asked for, but some browsers send it all the same: a TPM's has three certificates.
_MAX_ATTESTATION = 16_384
_MAX_SIGNATURE = 1024
_MAX_USER_HANDLE = 64
_MAX_TRANSPORTS = 16

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def one_error(verify: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Returns a function that raises InvalidPasskeyError for whatever the libraries raise.

    They stumble over foreign bytes in many ways: not all are told apart, and none is worth a trace.
    """

    @functools.wraps(verify)
    def verified(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        try:
            return verify(*args, **kwargs)
        except InvalidPasskeyError:
            raise
        except Exception as error:
            raise InvalidPasskeyError("it is malformed, or not signed by the key of this passkey") from error

    return verified


def registration_answer(credential: Mapping[str, object]) -> dict[str, object]:
    """Returns what is looked at of a RegistrationResponseJSON.

    Raises: InvalidPasskeyError.
    """
    response = _response(credential)
    parts = {"attestationObject": _MAX_ATTESTATION, "clientDataJSON": _MAX_CLIENT_DATA}
    return _named(credential) | {"response": {name: _text(response, name, most) for name, most in parts.items()}}


def assertion_answer(credential: Mapping[str, object]) -> dict[str, object]:
    """Returns what is looked at of an AuthenticationResponseJSON.

    Raises: InvalidPasskeyError.
    """
    response = _response(credential)
    parts = {
        "authenticatorData": _MAX_AUTHENTICATOR_DATA,
        "clientDataJSON": _MAX_CLIENT_DATA,
        "signature": _MAX_SIGNATURE,
    }
    if response.get("userHandle") is not None:
        parts["userHandle"] = _MAX_USER_HANDLE
    return _named(credential) | {"response": {name: _text(response, name, most) for name, most in parts.items()}}


def transports_in(credential: Mapping[str, object]) -> tuple[str, ...]:
    """Returns the ways to reach an authenticator that a browser names; those that nobody knows are left out."""
    named = _response(credential).get("transports")
    if not isinstance(named, list):
        return ()
    return tuple(sorted({each for each in named[:_MAX_TRANSPORTS] if isinstance(each, str) and each in TRANSPORTS}))


def bytes_of(text: str) -> bytes:
    """Returns what base64url without padding stands for; each bytes have one spelling.

    Raises: InvalidPasskeyError.
    """
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1 or websafe_encode(found := websafe_decode(text)) != text:
        raise InvalidPasskeyError("a part of it is no base64url")
    return found


def check_complete(attestation: AttestationObject) -> None:
    """Checks that nothing is cut off, there twice, or of another type, which the library reads as if all was well.

    What was read is as long as what came. Nothing else tells: where no attestation is asked for, nothing is signed, and
    what a statement says is not looked at (WebAuthn Level 3 section 6.5.4 has its form, 8.7 that of none).

    Raises: InvalidPasskeyError.
    """
    data = attestation.auth_data
    told = {} if data.extensions is None else data.extensions
    forms: tuple[tuple[object, type], ...] = ((attestation.fmt, str), (attestation.att_stmt, dict), (told, dict))
    if not all(isinstance(value, form) for value, form in forms):
        raise InvalidPasskeyError("a part of it is of another type")
    if attestation.fmt == "none" and attestation.att_stmt:
        raise InvalidPasskeyError("it states something, and says that it states nothing")
    read = len(cbor.encode({"fmt": attestation.fmt, "authData": data, "attStmt": attestation.att_stmt}))
    extensions = b"" if data.extensions is None else cbor.encode(data.extensions)
    without = 37 + len(data.credential_data or b"") + len(extensions)
    if read != len(attestation) or without != len(data):
        raise InvalidPasskeyError("a part of it is cut off, or written in a way that is not canonical")


def _named(credential: Mapping[str, object]) -> dict[str, object]:
    name = _text(credential, "id", _MAX_ID)
    if credential.get("rawId") != name or len(bytes_of(name)) < _MIN_ID:
        raise InvalidPasskeyError("its id is none")
    if credential.get("type") != "public-key":
        raise InvalidPasskeyError("it is no public key")
    return {"id": name, "rawId": name, "type": "public-key"}


def _response(credential: Mapping[str, object]) -> Mapping[str, object]:
    response = credential.get("response")
    if not isinstance(response, Mapping):
        raise InvalidPasskeyError("it has no response")
    return response


def _text(members: Mapping[str, object], name: str, most: int) -> str:
    """Returns a member in base64url, of so many bytes at most."""
    text = members.get(name)
    if not isinstance(text, str) or not text or len(text) > -(-most * 4 // 3):
        raise InvalidPasskeyError(f"{name} is missing, no text, or too long")
    bytes_of(text)
    return text
