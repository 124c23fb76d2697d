"""Tokens that somebody made who has the public keys and no other: each is refused, and none breaks anything."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from itertools import product

import attrs
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from leadnator_auth.adapters.jwt_tokens import pairs
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    KeyState,
    PublicKey,
    SigningAlgorithm,
    SigningKey,
    keep_signing_keys,
    list_signing_keys,
    sign_up,
)
from tests.http.conftest import ClientOver
from tests.http.signing import SECRET, process, started

EDDSA, ES256, HS256 = SigningAlgorithm.EDDSA, SigningAlgorithm.ES256, SigningAlgorithm.HS256
OTHERS_EDDSA, OTHERS_ES256 = Ed25519PrivateKey.generate(), generate_private_key(SECP256R1())
Header = dict[str, object]


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@attrs.frozen
class Target:
    """What an attacker has: a good token, the keys that are published, and one that is not any more."""

    token: str
    eddsa: PublicKey
    es256: PublicKey
    ended: PublicKey

    @property
    def payload(self) -> str:
        return self.token.split(".")[1]

    @property
    def claims(self) -> dict[str, object]:
        return jwt.decode(self.token, options={"verify_signature": False})

    def signed(self, header: Mapping[str, object], sign: Callable[[bytes], bytes]) -> str:
        text = f"{b64(json.dumps(header).encode())}.{self.payload}"
        return f"{text}.{b64(sign(text.encode()))}"

    def with_secret(self, secret: bytes, **header: object) -> str:
        return self.signed({"alg": "HS256", "typ": "JWT"} | header, lambda text: hmac.digest(secret, text, "sha256"))

    def others(self, alg: str, kid: object, **header: object) -> str:
        """Returns a token of somebody else's key, under a name of ours."""
        named: Header = {"alg": alg, "typ": "JWT", "kid": kid} | header
        key = OTHERS_ES256 if alg == "ES256" else OTHERS_EDDSA
        return self.signed(named, lambda text: jwt.get_algorithm_by_name(alg).sign(text, key))


def public_texts(public: PublicKey) -> list[bytes]:
    """Returns the ways in which a public key may be taken for a secret (CVE-2022-29217 and its kind)."""
    key = jwt.PyJWK(public.jwk).key
    return [
        key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(public.jwk).encode(),
        json.dumps({"keys": [public.jwk]}).encode(),
        public.x.encode(),
        base64.urlsafe_b64decode(public.x + "="),
        public.kid.encode(),
        b"",
    ]


MINE = pairs.public_of(OTHERS_EDDSA)


def named_oddly(t: Target) -> dict[str, str]:
    """Returns tokens of somebody else's key whose name is none of ours."""
    tokens: dict[str, str] = {}
    for kid in ("", "/dev/null", "../../key", "' OR 1=1 --", "x" * 43, "x" * 5000, "\0"):
        tokens[f"kid {kid[:20]!r}"] = t.others("EdDSA", kid)
    for what in (0, True, None, [], {}, ["a"], {"kid": t.eddsa.kid}, [t.eddsa.kid]):
        tokens[f"kid {what!r}"] = t.others("EdDSA", what)
    good = t.eddsa.kid
    for kid in (good + " ", good.upper(), good[:-1], good + "=", good + "\0"):
        tokens[f"kid {kid!r}"] = t.others("EdDSA", kid)
    return tokens


def forged(t: Target) -> dict[str, str]:
    """Returns what an attacker tries, by what it is."""
    tokens: dict[str, str] = {}
    for alg, key in product(("none", "None", "NONE", "nOnE", "", "EdDSA", "ES256"), (t.eddsa, t.es256)):
        header: Header = {"alg": alg, "typ": "JWT", "kid": key.kid}
        tokens[f"alg {alg!r} without a signature, {key.algorithm}"] = t.signed(header, lambda text: b"")
    for other in ("none", "RS256", "Ed25519", None):
        header = {"alg": other, "typ": "JWT", "kid": t.eddsa.kid}
        tokens[f"alg {other!r} with a signature"] = t.signed(header, OTHERS_EDDSA.sign)
    for key, kid in product((t.eddsa, t.es256), (t.eddsa.kid, t.es256.kid, None)):
        named = {} if kid is None else {"kid": kid}
        for number, secret in enumerate(public_texts(key)):
            name = f"HS256 with public text {number} of {key.algorithm}, kid {kid}"
            tokens[name] = t.with_secret(secret, **named)
    extra = {"jku": "http://evil.test/jwks.json", "x5u": "http://evil.test/", "x5c": ["MIIB"], "crit": ["exp"]}
    for member, value in (extra | {"b64": False, "x5t": "x", "cty": "JWT", "jwk": MINE.jwk}).items():
        tokens[f"header with {member}"] = t.others("EdDSA", t.eddsa.kid, **{member: value})
    ecdsa: Header = {"alg": "ES256", "typ": "JWT", "kid": t.es256.kid}
    edwards: Header = {"alg": "EdDSA", "typ": "JWT", "kid": t.eddsa.kid}
    return (
        tokens
        | named_oddly(t)
        | {
            "HS256 with our own secret under a key's name": t.with_secret(SECRET.encode(), kid=t.eddsa.kid),
            "EdDSA of somebody else": t.others("EdDSA", t.eddsa.kid),
            "ES256 of somebody else": t.others("ES256", t.es256.kid),
            "EdDSA under the name of the ES256 key": t.others("EdDSA", t.es256.kid),
            "ES256 under the name of the EdDSA key": t.others("ES256", t.eddsa.kid),
            "the EdDSA key's token said to be of ES256": retold(t, alg="ES256"),
            "the EdDSA key's token under the other kid": retold(t, kid=t.es256.kid),
            "the EdDSA key's token without kid": retold(t, kid=None),
            "a retired key": t.others("ES256", t.ended.kid),
            "somebody's kid": t.others("EdDSA", MINE.kid),
            "somebody's kid and key": t.others("EdDSA", MINE.kid, jwk=MINE.jwk),
            "a signature of zeros": t.signed(ecdsa, lambda text: bytes(64)),
            "a signature in DER": t.signed(ecdsa, lambda text: bytes.fromhex("3006020101020101")),
            "the neutral point of Ed25519": t.signed(edwards, lambda text: b"\x01" + bytes(63)),
            "another account": changed_claims(t, sub="u_bob"),
            "a longer life": changed_claims(t, exp=4_000_000_000),
            "cut": t.token[:-1],
            "padded": t.token + "==",
        }
    )


def retold(target: Target, **changes: object) -> str:
    """Returns the good token with another header, its signature left as it is."""
    header = {k: v for k, v in (jwt.get_unverified_header(target.token) | changes).items() if v is not None}
    return f"{b64(json.dumps(header).encode())}.{target.payload}.{target.token.split('.')[2]}"


def changed_claims(target: Target, **changes: object) -> str:
    header, _, signature = target.token.split(".")
    return f"{header}.{b64(json.dumps(target.claims | changes).encode())}.{signature}"


@pytest.fixture
async def world(memory: MemoryPorts) -> MemoryPorts:
    """A world with a key of each algorithm that verifies, and one that does not any more."""
    await started(memory, ES256)
    memory.clock.advance(minutes=10)
    await started(memory, EDDSA)  # takes the next key of ES256 back, which is over then
    memory.clock.advance(minutes=10)
    world = process(memory, EDDSA)
    assert isinstance(world, MemoryPorts)
    await keep_signing_keys(ports=world)
    return world


async def target_in(world: MemoryPorts) -> Target:
    keys = await list_signing_keys(ports=world)

    def public(chosen: Callable[[SigningKey], bool]) -> PublicKey:
        return next(key.public for key in keys if chosen(key))

    now = world.clock.now()
    token = (await sign_up("Alice", "alice@example.com", "secret!", ports=world)).token
    return Target(
        token=token,
        eddsa=public(lambda key: key.state is KeyState.SIGNING),
        es256=public(lambda key: key.public.algorithm is ES256 and key.verifies(now)),
        ended=public(lambda key: not key.verifies(now)),
    )


async def me(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.get("/api/auth/me", params={"token": token})


@pytest.mark.parametrize("algorithm", [EDDSA, ES256, HS256], ids=str)
async def test_no_token_gets_in_that_was_made_with_the_public_keys(
    world: MemoryPorts, client_over: ClientOver, algorithm: SigningAlgorithm
) -> None:
    target, client = await target_in(world), client_over(process(world, algorithm))
    assert jwt.get_unverified_header(target.token)["alg"] == "EdDSA"
    table = forged(target)
    assert len(set(table.values()) - {target.token}) >= 100
    for name, token in table.items():
        answer = await me(client, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), name
        world.clock.advance(seconds=1)  # so that each unknown kid is looked for
    assert (await me(client, target.token)).status_code == 200
