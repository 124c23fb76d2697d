"""What tokens a verifier believes: those that its keys signed, by the keys' own algorithms, and no odd ones."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from leadnator_auth.verifier.errors import InvalidTokenError
from leadnator_auth.verifier.keys import NO_KEYS, KeySetError, UnknownKeyError, read_key_set
from leadnator_auth.verifier.tokens import SignedToken, read_token
from tests.verifier.minting import Json, Key, encoded, jwks, key_set, payload

KEYS = {algorithm: Key(algorithm, f"k-{algorithm}") for algorithm in ("EdDSA", "ES256")}
ED, EC = KEYS["EdDSA"], KEYS["ES256"]
SET = key_set(*KEYS.values())


def read(token: str) -> SignedToken:
    return read_token(token, SET, "leadnator-auth", "leadnator")


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_what_its_keys_signed_is_believed(key: Key) -> None:
    claims = payload("s_9", auth_time=1_700_000_000, amr=["pwd", "otp"])
    verified = read(key.signed(claims)).verified
    assert (verified.user_id, verified.session_id, verified.token_id) == ("u_1", "s_9", "j-1")
    assert verified.expires_at == datetime.fromtimestamp(claims["exp"], UTC)
    assert verified.authenticated_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert verified.amr == ("pwd", "otp")


def test_what_a_token_does_not_say_is_not_known() -> None:
    verified = read(ED.token()).verified
    assert (verified.authenticated_at, verified.amr) == (None, ())


def raw(header: Json | bytes, claims: Json | bytes, key: Key = ED) -> str:
    """Returns a token, genuinely signed, with this header and payload, whatever they are."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    signing_input = ".".join(encoded(part) for part in parts)
    algorithm = jwt.get_algorithm_by_name(key.algorithm)
    return f"{signing_input}.{encoded(algorithm.sign(signing_input.encode(), key.private))}"


HEADER: Json = {"alg": "EdDSA", "typ": "JWT", "kid": ED.kid}


def test_the_test_signs_as_the_service_does() -> None:
    assert read(raw(HEADER, payload())).verified.session_id == "s_1"


PEM = ED.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hmac_with(secret: bytes, kid: str) -> str:
    """Returns a token whose HMAC has a public key for its secret, which PyJWT would not make."""
    parts = [{"alg": "HS256", "typ": "JWT", "kid": kid}, payload()]
    signing_input = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    signature = jwt.get_algorithm_by_name("HS256").sign(signing_input.encode(), secret)  # as an attacker would
    return f"{signing_input}.{encoded(signature)}"


def spoilt(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


FORGED: dict[str, Callable[[], str]] = {
    "of another key with our kid": lambda: Key("EdDSA", ED.kid).token(),
    "a changed signature": lambda: spoilt(ED.token()),
    "none": lambda: ".".join([*raw({**HEADER, "alg": "none"}, payload()).split(".")[:2], ""]),
    "none with a signature": lambda: raw({**HEADER, "alg": "none"}, payload()),
    "the public key as a secret": lambda: hmac_with(PEM, ED.kid),
    "the raw public key as a secret": lambda: hmac_with(
        ED.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), ED.kid
    ),
    "the algorithm of another key": lambda: raw({**HEADER, "alg": "ES256"}, payload()),
    "the kid of another key": lambda: raw({**HEADER, "kid": EC.kid}, payload()),
    "both of another key": lambda: raw({**HEADER, "kid": EC.kid, "alg": "ES256"}, payload()),
    "no kid": lambda: raw({"alg": "EdDSA", "typ": "JWT"}, payload()),
    "a kid that is no text": lambda: raw({**HEADER, "kid": ["k"]}, payload()),
    "a key of its own": lambda: raw({**HEADER, "jwk": ED.jwk}, payload()),
    "a URL of keys": lambda: raw({**HEADER, "jku": "https://evil.test/jwks"}, payload()),
    "crit": lambda: raw({**HEADER, "crit": ["exp"]}, payload()),
    "unencoded": lambda: raw({**HEADER, "b64": False, "crit": ["b64"]}, payload()),
    "another typ": lambda: raw({**HEADER, "typ": "dpop+jwt"}, payload()),
    "no typ": lambda: raw({"alg": "EdDSA", "kid": ED.kid}, payload()),
    "a member twice": lambda: raw(b'{"alg":"none","alg":"EdDSA","typ":"JWT","kid":"%s"}' % ED.kid.encode(), payload()),
    "a header in UTF-16": lambda: raw(json.dumps(HEADER).encode("utf-16"), payload()),
    "a list as header": lambda: raw(b"[]", payload()),
    "a list as payload": lambda: raw(HEADER, b"[]"),
    "a claim twice": lambda: raw(HEADER, json.dumps(payload()).encode()[:-1] + b',"exp":9999999999}'),
    "NaN": lambda: raw(HEADER, json.dumps(payload()).encode()[:-1] + b',"x":NaN}'),
    "deeply nested": lambda: raw(HEADER, b'{"x":' * 900 + b"1" + b"}" * 900),
    "padded": lambda: ED.token() + "=",
    "four parts": lambda: ED.token() + ".x",
    "empty": lambda: "",
    "spaces": lambda: " " + ED.token(),
    "a line break at the end": lambda: ED.token() + "\n",
    "not ASCII": lambda: "é" + ED.token(),
    "an unpaired surrogate": lambda: "\ud800" + ED.token(),
    "JSON serialization": lambda: json.dumps({"payload": "e30", "signatures": []}),
    "too long": lambda: ED.signed(payload(x="x" * 8192)),
}


@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED)
def test_no_forged_and_no_odd_token_is(make: Callable[[], str]) -> None:
    with pytest.raises(InvalidTokenError):
        read(make())


CLAIMS = [
    *({name: None} for name in ("iss", "aud", "sub", "sid", "jti", "iat", "exp", "purpose")),
    {"iss": "somebody"},
    {"aud": ["leadnator"]},
    {"aud": "leadnator "},
    {"purpose": "media", "path": "/x"},
    {"purpose": "Access"},
    {"sub": 1},
    {"sub": "s_1"},
    {"sid": "u_1"},
    {"sid": "s_1\n"},
    {"jti": ""},
    {"iat": "1"},
    {"iat": True},
    {"exp": 1e10},
    {"exp": "9999999999"},
    {"exp": 10**30},
    {"exp": -1},
    {"nbf": "0"},
    {"auth_time": "0"},
    {"amr": "pwd"},
    {"amr": [1]},
]


@pytest.mark.parametrize("claims", CLAIMS, ids=str)
def test_every_claim_is_checked(claims: Json) -> None:
    with pytest.raises((InvalidTokenError, jwt.PyJWTError)):
        read(ED.token(**claims))


def test_times_count_with_a_minute_of_leeway() -> None:
    now = int(time.time())
    signed = read(ED.token(iat=now, exp=now + 100, nbf=now + 10))
    assert (signed.good_from, signed.good_until) == (now - 50, now + 160)
    assert read(ED.token(iat=now, exp=now + 100)).good_from == now - 60


def test_a_key_that_is_not_known_is_told_apart() -> None:
    with pytest.raises(UnknownKeyError):
        read(Key("EdDSA", "k-new").token())


# The set of keys


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k", "alg": "HS256"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k", "alg": "EdDSA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k"},
        {**ED.jwk, "alg": "HS256"},
        {**ED.jwk, "alg": "ES256"},
        {**ED.jwk, "alg": None},
        {**ED.jwk, "use": "enc"},
        {**ED.jwk, "kid": 1},
        {**ED.jwk, "x": "AAAA"},
        {**ED.jwk, "crv": "X25519"},
        {**ED.jwk, "d": ED.jwk["x"]},
        {**EC.jwk, "crv": "P-384"},
        {**EC.jwk, "y": EC.jwk["x"]},
        {name: value for name, value in ED.jwk.items() if name != "kid"},
        "text",
        None,
    ],
    ids=lambda entry: "_",  # keys are made anew in each process
)
def test_a_key_that_cannot_be_used_is_left_out(entry: object) -> None:
    with pytest.raises(KeySetError):
        read_key_set(json.dumps({"keys": [entry]}).encode())
    assert read_key_set(json.dumps({"keys": [entry, EC.jwk]}).encode()).keys.keys() == {EC.kid}


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"keys":{}}', b'{"keys":null}', b"<html>", b"\xff", b'{"keys":[1]}', b"[" * 5000]
)
def test_what_is_no_set_of_keys_is_refused(answer: bytes) -> None:
    with pytest.raises(KeySetError):
        read_key_set(answer)


def test_two_keys_with_one_kid_are_refused() -> None:
    with pytest.raises(KeySetError):
        read_key_set(jwks(Key("EdDSA", "k"), Key("ES256", "k")))


def test_a_service_that_signs_with_a_secret_says_which_setting_helps() -> None:
    with pytest.raises(KeySetError, match="LEADNATOR_JWT_ALGORITHM=EdDSA"):
        read_key_set(b'{"keys":[]}')
    assert "ES256" in NO_KEYS
