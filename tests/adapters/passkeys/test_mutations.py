"""One thing at a time is wrong with an answer that is signed all the same: each is refused, by one kind of error."""

import functools
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadnator_auth.domain import InvalidPasskeyError, Passkey, PasskeyClonedError
from leadnator_auth.testing.contract.passkey_answers import MAKING, ORIGINS, USING
from leadnator_auth.testing.virtual_authenticator import decoded, encoded
from leadnator_auth.testing.virtual_keys import Cbor, cbor
from tests.adapters.passkeys.forging import CEREMONY, COUNT, Parts, parts_of, register, use

Mutation = Callable[[Parts], None]
MEGABYTE = 1_048_576


def sets(**fields: Any) -> Mutation:
    def mutate(parts: Parts) -> None:
        for name, value in fields.items():
            setattr(parts, name, value)

    return mutate


def client(**members: object) -> Mutation:
    return lambda parts: parts.client.update(members)


def without(member: str) -> Mutation:
    return lambda parts: parts.client.pop(member)


def key(**members: object) -> Mutation:
    """Changes members of the key: `alg=-35`."""
    numbers = {"kty": 1, "alg": 3, "first": -1, "second": -2, "third": -3}
    return lambda parts: parts.key.update({numbers[name]: value for name, value in members.items()})


def answers(**members: object) -> Mutation:
    return sets(bend=lambda answer: {**answer, **members})


def responds(**members: object) -> Mutation:
    return sets(bend=lambda answer: {**answer, "response": {**answer["response"], **members}})


def client_data_of(bend: Callable[[bytes], bytes]) -> Mutation:
    def mutate(parts: Parts) -> None:
        parts.raw_client = bend(parts.client_data)

    return mutate


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


BOTH: dict[str, Mutation] = {
    "origin: another": client(origin="https://evil.example"),
    "origin: ours with a path": client(origin=f"{ORIGINS[0]}/"),
    "origin: ours as a prefix": client(origin=f"{ORIGINS[0]}.evil.example"),
    "origin: a subdomain": client(origin="https://evil.example.org"),
    "origin: http": client(origin="http://example.org"),
    "origin: null": client(origin="null"),
    "origin: none": without("origin"),
    "origin: a list": client(origin=[ORIGINS[0]]),
    "frame: crossOrigin": client(crossOrigin=True),
    "frame: crossOrigin as text": client(crossOrigin="false"),
    "frame: topOrigin": client(topOrigin="https://evil.example"),
    "rpIdHash: another": sets(rp_id="evil.example"),
    "rpIdHash: a parent": sets(rp_id="org"),
    "rpIdHash: that of the origin": sets(rp_id=ORIGINS[0]),
    "type: the other one": lambda parts: parts.client.update(
        type={"webauthn.get": "webauthn.create", "webauthn.create": "webauthn.get"}[parts.client["type"]]
    ),
    "type: payment": client(type="payment.get"),
    "type: none": without("type"),
    "challenge: another": client(challenge=encoded(b"e" * 32)),
    "challenge: cut": client(challenge=encoded(USING[:-1])),
    "challenge: empty": client(challenge=""),
    "challenge: none": without("challenge"),
    "challenge: a number": client(challenge=5),
    "flags: nobody present": lambda parts: setattr(parts, "flags", parts.flags & ~0x01),
    "flags: nobody verified": lambda parts: setattr(parts, "flags", parts.flags & ~0x04),
    "flags: none at all": sets(flags=0),
    "flags: backed up, not eligible": lambda parts: setattr(parts, "flags", parts.flags | 0x10),
    "flags: extensions that are not there": lambda parts: setattr(parts, "flags", parts.flags | 0x80),
    "authenticator data: more than it is": sets(extra=b"\0"),
    "authenticator data: a megabyte": sets(extra=b"\0" * MEGABYTE),
    "client data: no JSON": sets(raw_client=b"{"),
    "client data: no UTF-8": sets(raw_client=b'{"type":"\xff"}'),
    "client data: a byte-order mark": client_data_of(lambda data: b"\xef\xbb\xbf" + data),
    "client data: a number": sets(raw_client=b"5"),
    "client data: nested deep": sets(raw_client=nested(1500)),
    "client data: a megabyte": client_data_of(lambda data: data + b" " * MEGABYTE),
    "id: none": answers(id=None),
    "id: not that of rawId": answers(rawId="B" * 43),
    "id: another": answers(id="B" * 43, rawId="B" * 43),
    "id: short": answers(id="BBBB", rawId="BBBB"),
    "id: a megabyte": answers(id="B" * MEGABYTE, rawId="B" * MEGABYTE),
    "id: padded": lambda parts: setattr(
        parts, "bend", lambda it: {**it, "id": it["id"] + "=", "rawId": it["id"] + "="}
    ),
    "credential: another type": answers(type="password"),
    "credential: no response": answers(response=None),
    "credential: an empty response": answers(response={}),
    "credential: client data with blanks": responds(clientDataJSON="e30 "),
    "credential: client data that is a number": responds(clientDataJSON=5),
}
REGISTRATION: dict[str, Mutation] = {
    "alg: ES384": key(alg=-35),
    "alg: RS1": key(alg=-65535),
    "alg: none": lambda parts: parts.key.pop(3),
    "alg: text": key(alg="ES256"),
    "alg: EdDSA with a key for ECDSA": key(alg=-8),
    "alg: RS256 with a key for ECDSA": key(alg=-257),
    "key: another type": key(kty=3),
    "key: another curve": key(first=2),
    "key: a point on no curve": key(third=b"\x01" * 32),
    "key: a short coordinate": key(second=b"\x01" * 31),
    "key: no coordinate": lambda parts: parts.key.pop(-3),
    "key: no bytes": key(second="x" * 32),
    "key: RSA of 1024 bits": lambda parts: parts.key.update({1: 3, 3: -257, -1: b"\xff" * 128, -2: b"\1\0\1"}),
    "key: RSA of 65536 bits": lambda parts: parts.key.update({1: 3, 3: -257, -1: b"\xff" * 8192, -2: b"\1\0\1"}),
    "attested: another id": sets(
        attested=lambda name, data: bytes(16) + struct.pack(">H", len(name)) + bytes(len(name)) + data
    ),
    "attested: an id longer than all": sets(attested=lambda name, data: bytes(16) + b"\xff\xff" + name + data),
    "attested: no key": sets(attested=lambda name, data: bytes(16) + struct.pack(">H", len(name)) + name),
    "attested: nothing, and no flag": sets(attested=lambda name, data: b"", flags=0x05),
    "attested: nothing, and the flag": sets(attested=lambda name, data: b""),
    "object: the last byte cut off": sets(bend_object=lambda data: data[:-1]),
    "object: half of it": sets(bend_object=lambda data: data[: len(data) // 2]),
    "object: one byte": sets(bend_object=lambda data: data[:1]),
    "object: a byte more": sets(bend_object=lambda data: data + b"\0"),
    "object: a list": sets(bend_object=lambda data: b"\x80"),
    "object: text for data": sets(bend_object=lambda data: cbor({"fmt": "none", "attStmt": {}, "authData": "x"})),
    "object: a number for its format": sets(bend_object=lambda data: data.replace(cbor("none"), cbor(5))),
    "object: a list for its statement": sets(bend_object=lambda data: data.replace(b"Stmt\xa0", b"Stmt\x80")),
    "object: text for its statement": sets(bend_object=lambda data: data.replace(b"Stmt\xa0", b"Stmt\x60")),
    "object: a statement of none": sets(statement={"sig": b"x"}),
    "extensions: a list": sets(flags=0xC5, extra=b"\x81\x01"),
    "extensions: a number": sets(flags=0xC5, extra=b"\x01"),
    "extensions: null": sets(flags=0xC5, extra=b"\xf6"),
    "object: nested deep": sets(bend_object=lambda data: b"\x81" * 5000),
    "object: four thousand million members": sets(bend_object=lambda data: b"\xbb" + b"\xff" * 8),
    "object: indefinite": sets(bend_object=lambda data: b"\xbf" + data[1:] + b"\xff"),
    "object: a megabyte": sets(bend_object=lambda data: data + b"\0" * MEGABYTE),
    "object: a member twice": sets(bend_object=lambda data: b"\xa4" + data[1:] + cbor("fmt") + cbor("none")),
    "object: none": responds(attestationObject=None),
}
ASSERTION: dict[str, Mutation] = {
    "counter: the same": sets(count=1),
    "counter: back to zero": sets(count=0),
    "signature: a bit": sets(bend_signature=lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    "signature: cut": sets(bend_signature=lambda data: data[:-1]),
    "signature: empty": sets(bend_signature=lambda data: b""),
    "signature: zeros": sets(bend_signature=lambda data: bytes(len(data))),
    "signature: r and s of zero": sets(bend_signature=lambda data: bytes.fromhex("3006020100020100")),
    "signature: a megabyte": sets(bend_signature=lambda data: data * (MEGABYTE // len(data))),
    "signature: none": responds(signature=None),
    "user handle: another account's": sets(user_handle=b"u_bob"),
    "user handle: none": sets(user_handle=None),
    "user handle: empty": responds(userHandle=""),
    "user handle: longer": sets(user_handle=b"u_alice\0"),
    "user handle: a megabyte": sets(user_handle=b"u" * MEGABYTE),
    "user handle: a number": responds(userHandle=5),
    "authenticator data: cut": lambda parts: setattr(
        parts, "bend", lambda it: {**it, "response": {**it["response"], "authenticatorData": encoded(bytes(36))}}
    ),
    "authenticator data: none": responds(authenticatorData=None),
}


@pytest.mark.parametrize("algorithm", [-7, -8, -257])
def test_what_is_put_together_here_is_accepted_until_something_is_wrong(algorithm: int) -> None:
    parts, _ = parts_of("create", algorithm)
    assert register(parts).sign_count == COUNT
    parts, passkey = parts_of("get", algorithm)
    assert use(parts, passkey).sign_count == COUNT


@pytest.mark.parametrize("name", [*BOTH, *REGISTRATION])
def test_nothing_wrong_is_registered(name: str) -> None:
    parts, _ = parts_of("create")
    {**BOTH, **REGISTRATION}[name](parts)
    with pytest.raises(InvalidPasskeyError) as refusal:
        register(parts)
    assert len(str(refusal.value)) < 100


@pytest.mark.parametrize("name", [*BOTH, *ASSERTION])
def test_nothing_wrong_logs_in(name: str) -> None:
    parts, passkey = parts_of("get")
    {**BOTH, **ASSERTION}[name](parts)
    with pytest.raises(InvalidPasskeyError) as refusal:
        use(parts, passkey)
    assert isinstance(refusal.value, PasskeyClonedError) is name.startswith("counter")


def test_there_are_enough() -> None:
    assert len({*BOTH, *REGISTRATION, *ASSERTION}) >= 90


@pytest.mark.parametrize("exponent", [b"\1", b"\0", b"\2", b"\3", b"\1\0\0", b"\1\0\1\0\0", b"\xff" * 256])
def test_a_key_of_rsa_has_the_usual_exponent(exponent: bytes) -> None:
    parts, _ = parts_of("create", -257)
    assert register(parts)
    parts.key[-2] = exponent
    with pytest.raises(InvalidPasskeyError):
        register(parts)


@pytest.mark.parametrize(("bits", "is_refused"), [(2047, True), (2048, False), (4096, False), (4097, True)])
def test_a_key_of_rsa_has_2048_to_4096_bits(bits: int, is_refused: bool) -> None:
    parts, _ = parts_of("create")
    modulus = (1 << bits) - 1
    parts.key = {1: 3, 3: -257, -1: modulus.to_bytes((bits + 7) // 8, "big"), -2: b"\1\0\1"}
    if is_refused:
        with pytest.raises(InvalidPasskeyError):
            register(parts)
    else:
        assert register(parts).algorithm == -257


def test_the_key_that_is_kept_is_the_key_alone() -> None:
    parts, _ = parts_of("create")
    usual = register(parts)
    parts.key |= {-70_000: b"x" * 2000, 2: b"an id"}
    assert register(parts).public_key == usual.public_key


@pytest.mark.parametrize("order", [("fmt", "authData", "attStmt"), ("authData", "fmt", "attStmt")])
def test_members_in_another_order_are_no_reason_to_refuse(order: tuple[str, ...]) -> None:
    parts, _ = parts_of("create")
    data = parts.head + parts.attested(decoded(parts.credential.id), cbor(parts.key))
    members: dict[str, Cbor] = {"fmt": "none", "attStmt": parts.statement, "authData": data}
    parts.bend_object = lambda _: cbor({name: members[name] for name in order})
    assert register(parts)


def test_extensions_are_no_reason_to_refuse() -> None:
    for kind in ("create", "get"):
        parts, passkey = parts_of(kind)
        parts.flags |= 0x80
        parts.extra = cbor({"credProtect": 2})
        assert register(parts) if kind == "create" else use(parts, passkey)


def test_an_rsa_key_that_is_cut_off_is_none() -> None:
    """What is cut off is at the end: the exponent, and then the modulus."""
    parts, _ = parts_of("create", -257)
    for cut in range(1, 60):
        parts.bend_object = lambda data, cut=cut: data[:-cut]  # type: ignore[misc]  # a default alone
        with pytest.raises(InvalidPasskeyError):
            register(parts)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=40).map(encoded),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
good_parts_of = functools.cache(parts_of)
MEMBERS = ["id", "rawId", "type", "response", "clientDataJSON", "attestationObject", "authenticatorData", "signature"]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([*MEMBERS, "userHandle", "transports"]), JSON)
def test_whatever_a_member_is_one_error_says_so(member: str, value: object) -> None:
    for kind in ("create", "get"):
        parts, passkey = good_parts_of(kind)
        answer = parts.registration() if kind == "create" else parts.assertion()
        (answer if member in answer else answer["response"])[member] = value
        _try(kind, answer, passkey)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_byte_is_another_one_error_says_so(data: st.DataObject) -> None:
    for kind, part in (("create", "attestationObject"), ("create", "clientDataJSON"), ("get", "authenticatorData")):
        parts, passkey = good_parts_of(kind)
        answer = parts.registration() if kind == "create" else parts.assertion()
        spoilt = bytearray(decoded(answer["response"][part]))
        place = data.draw(st.integers(0, len(spoilt) - 1))
        spoilt[place] = data.draw(st.integers(0, 255))
        answer["response"][part] = encoded(bytes(spoilt[: data.draw(st.integers(place, len(spoilt)))]))
        _try(kind, answer, passkey)


def _try(kind: str, answer: dict[str, Any], passkey: Passkey) -> None:
    try:
        if kind == "create":
            CEREMONY.verify_registration(answer, MAKING)
        else:
            CEREMONY.verify_assertion(answer, USING, passkey)
    except InvalidPasskeyError:
        return  # whatever else is raised fails the test


@pytest.mark.parametrize(("length", "is_refused"), [(15, True), (16, False), (1023, False), (1024, True)])
def test_an_id_has_16_to_1023_bytes(length: int, is_refused: bool) -> None:
    parts, passkey = parts_of("create")
    parts.credential.id = encoded(b"i" * length)
    if is_refused:
        with pytest.raises(InvalidPasskeyError):
            register(parts)
    else:
        assert register(parts).credential_id != passkey.credential_id


def test_client_data_of_a_later_level_is_read() -> None:
    parts, passkey = parts_of("get")
    parts.client |= {"androidPackageName": "com.example", "other_keys_can_be_added_here": "do not compare"}
    assert use(parts, passkey)
    assert json.loads(parts.client_data)["androidPackageName"] == "com.example"
