"""Tokens nobody may get in with: each is refused, in the header and in the query, and none breaks anything."""

import base64
import hashlib
import hmac
import json
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import attrs
import httpx2
import jwt
import pytest

from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import EmailAddress, Session, SessionId, User, UserId
from leadnator_auth.entrypoints.http import create_app

SECRET = "a secret of the tests, long enough"
OTHER_SECRET = "another secret, not the product's"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
IAT = int(NOW.timestamp())
EXP = IAT + 604800
LONG = "x" * 10_000
LIMIT = 8192


class Drop:
    """Stands for a member that is left out."""

    def __repr__(self) -> str:
        return "missing"


DROP = Drop()


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(header: bytes, payload: bytes, secret: str = SECRET, digest: str = "sha256") -> str:
    text = f"{b64(header)}.{b64(payload)}"
    return f"{text}.{b64(hmac.digest(secret.encode(), text.encode(), digest))}"


def changed(members: dict[str, object], changes: dict[str, object]) -> bytes:
    return json.dumps({name: value for name, value in (members | changes).items() if value is not DROP}).encode()


CLAIMS: dict[str, object] = {
    "iss": "leadnator-auth",
    "aud": "leadnator",
    "sub": "u_alice",
    "sid": "s_alice",
    "jti": "token-id",
    "iat": IAT,
    "exp": EXP,
    "purpose": "access",
}
HEADER: dict[str, object] = {"alg": "HS256", "typ": "JWT"}
PAYLOAD = changed(CLAIMS, {})
GOOD = signed(changed(HEADER, {}), PAYLOAD)
HEAD, BODY, SIGNATURE = GOOD.split(".")
JWK = {"kty": "oct", "k": b64(OTHER_SECRET.encode()), "alg": "HS256"}


def with_header(secret: str = SECRET, digest: str = "sha256", **changes: object) -> str:
    return signed(changed(HEADER, changes), PAYLOAD, secret, digest)


def with_claims(**changes: object) -> str:
    return signed(changed(HEADER, {}), changed(CLAIMS, changes))


def with_payload(payload: bytes) -> str:
    return signed(changed(HEADER, {}), payload)


def flipped(part: str, bit: int) -> str:
    number = int.from_bytes(base64.urlsafe_b64decode(part + "=")) ^ (1 << bit)
    return b64(number.to_bytes(32))


def unsigned(alg: object, signature: str = "") -> str:
    return f"{b64(changed(HEADER, {'alg': alg}))}.{BODY}.{signature}"


TIMES = {
    "missing": DROP,
    "null": None,
    "text": str(EXP),
    "empty": "",
    "date": "2030-01-01T00:00:00Z",
    "true": True,
    "list": [EXP],
    "object": {"$gt": 0},
    "negative": -EXP,
    "10**400": 10**400,
    "2**63": 2**63,
    "year 10000": 253402300800,
    "NaN": float("nan"),
    "Infinity": float("inf"),
}
TEXTS = {
    "missing": DROP,
    "null": None,
    "empty": "",
    "blank": " ",
    "number": 5,
    "true": True,
    "object": {"$ne": ""},
    "NUL": "u_alice\0",
    "surrogate": "u_alice\ud800",
    "10 kB": LONG,
    "2 kB": LONG[:2000],
    "SQL": "u_' OR '1'='1",
    "newline": "u_alice\n",
    "fullwidth": "\uff55_alice",
}

FORGED: dict[str, str] = {
    **{f"alg {alg} {kind}": unsigned(alg, signature) for alg in ("none", "None", "NONE", "nOnE", "", " none")
       for kind, signature in (("unsigned", ""), ("with the signature", SIGNATURE))},
    **{f"alg {alg!r}": with_header(alg=alg)
       for alg in ("none", "hs256", "HS256 ", "RS256", "ES256", "EdDSA", "PS256", 256, True, None, ["HS256"], DROP)},
    **{f"alg {alg} with our key": with_header(alg=alg, digest=f"sha{alg[2:]}") for alg in ("HS384", "HS512")},
    **{f"typ {typ!r}": with_header(typ=typ) for typ in ("at+jwt", "reset+jwt", "JOSE", "", 5, None, ["JWT"])},
    **{f"crit {crit!r}": with_header(crit=crit) for crit in (["x"], [], ["exp"], ["b64"], "exp", None, {"exp": 1})},
    "b64 false": with_header(b64=False, crit=["b64"]),
    "zip": with_header(zip="DEF"),
    "cty": with_header(cty="JWT"),
    "jwk": with_header(OTHER_SECRET, jwk=JWK),
    "jku": with_header(OTHER_SECRET, jku="https://evil.example/keys"),
    "x5u": with_header(OTHER_SECRET, x5u="https://evil.example/cert"),
    "x5c": with_header(OTHER_SECRET, x5c=["AAAA"]),
    **{f"kid {kid!r}"[:40]: with_header("", kid=kid) for kid in (
        "../../dev/null", "' UNION SELECT 'x", "", 5, None, True, ["a"], {"a": 1}, "\ud800", "\0", "x" * 2000)},
    **{f"kid {kid!r} with our key": with_header(kid=kid) for kid in ("unknown", 0, ["unknown"])},
    **{f"exp {name}": with_claims(exp=value) for name, value in TIMES.items()},
    **{f"iat {name}": with_claims(iat=value) for name, value in TIMES.items()},
    **{f"nbf {name}": with_claims(nbf=value) for name, value in TIMES.items() if value is not DROP},
    "nbf in the future": with_claims(nbf=IAT + 61),
    "nbf behind exp": with_claims(nbf=EXP + 1),
    "nbf twice": with_payload(PAYLOAD[:-1] + b',"nbf":0,"nbf":0}'),
    **{f"{claim} {name}": with_claims(**{claim: value})
       for claim in ("sub", "sid") for name, value in TEXTS.items()},
    **{f"jti {name}": with_claims(jti=TEXTS[name])
       for name in ("missing", "null", "empty", "number", "true", "object", "NUL", "surrogate")},
    **{f"iss {value!r}": with_claims(iss=value)
       for value in (DROP, None, "", "evil", "Leadnator-Auth", ["leadnator-auth"], 5, {"leadnator-auth": 1})},
    **{f"aud {value!r}": with_claims(aud=value)
       for value in (DROP, None, "", "evil", "leadnator2", ["leadnator"], ["evil", "leadnator"], 5)},
    **{f"purpose {value!r}": with_claims(purpose=value)
       for value in (DROP, None, "", "media", "reset", "Access", "access ", ["access"], 5, {"access": 1})},
    "expired": with_claims(iat=IAT - 604900, exp=IAT - 100),
    "from the future": with_claims(iat=IAT + 3600, exp=EXP + 3600),
    "exp 0": with_claims(exp=0),
    "another user's session": with_claims(sid="s_bob"),
    "another user": with_claims(sub="u_bob"),
    "an ended session": with_claims(sid="s_ended"),
    "a deleted user": with_claims(sub="u_gone", sid="s_gone"),
    "nobody": with_claims(sub="u_nobody", sid="s_nobody"),
    "ids swapped": with_claims(sub="s_alice", sid="u_alice"),
    **{f"payload {content[:24]!r}": with_payload(content)
       for content in (b"", b"[]", b"null", b"5", b'"x"', b"{}", b"[" + PAYLOAD + b"]", b"\xff" + PAYLOAD,
                       b"\xef\xbb\xbf" + PAYLOAD, b"{" + PAYLOAD, PAYLOAD[:-1], PAYLOAD + b"x")},
    "payload in UTF-16": with_payload(PAYLOAD.decode().encode("utf-16")),
    "payload in UTF-32": with_payload(PAYLOAD.decode().encode("utf-32")),
    "payload of brackets": with_payload(b"[" * 5900),
    "payload nested deep": with_payload(PAYLOAD[:-1] + b',"x":' + b"[" * 2500 + b"]" * 2500 + b"}x"),
    "payload with 5000 digits": with_payload(PAYLOAD.replace(str(EXP).encode(), b"9" * 5000)),
    "sub twice": with_payload(PAYLOAD[:-1] + b',"sub":"u_alice"}'),
    "another sub first": with_payload(b'{"sub":"u_bob",' + PAYLOAD[1:]),
    "exp twice": with_payload(PAYLOAD[:-1] + b',"exp":%d}' % EXP),
    **{f"header {content[:24]!r}": signed(content, PAYLOAD)
       for content in (b"", b"[]", b"null", b"5", b'"HS256"', b"{}", b"\xff", b"{", b"[" * 5000,
                       b'{"alg":"HS256","typ":"JWT","kid":"\xff"}',
                       b'{"alg":"HS256","typ":"JWT","kid":' + b"9" * 5000 + b"}")},
    **{f"header in {name}": signed(changed(HEADER, {}).decode().encode(name), PAYLOAD)
       for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8-sig", "cp037")},
    **{f"header with {member!r}": signed(changed(HEADER, {})[:-1] + b"," + member + b"}", PAYLOAD)
       for member in (b'"alg":"HS256"', b'"alg":"none"', b'"typ":"JWT"', b'"\\u0061lg":"HS256"',
                      b'"kid":null,"kid":null', b'"kid":NaN', b'"kid":Infinity', b'"x":1,"x":1', b'"alg":"HS256",',
                      b'"kid":"\x80"')},
    **{f"header {prefix!r} first": signed(prefix + changed(HEADER, {})[1:], PAYLOAD)
       for prefix in (b'{"alg":"none",', b'{"alg":"RS256",', b'{"typ":"JOSE",', b"{'alg':'HS256',", b"{/**/", b"{,")},
    **{f"header and {more!r}": signed(changed(HEADER, {}) + more, PAYLOAD) for more in (b"x", b"{}", b"\0", b"\x0b")},
    "payload with NaN": with_payload(PAYLOAD[:-1] + b',"x":NaN}'),
    "payload with -Infinity nested": with_payload(PAYLOAD[:-1] + b',"x":[{"y":-Infinity}]}'),
    "signed with another key": with_header(OTHER_SECRET),
    "signed with no key": with_header(""),
    "signature of another token": f"{HEAD}.{BODY}.{with_claims(jti='x').split('.')[2]}",
    "payload of another token": f"{HEAD}.{with_claims(sub='u_bob', sid='s_bob').split('.')[1]}.{SIGNATURE}",
    "signature in hexadecimal": f"{HEAD}.{BODY}.{base64.urlsafe_b64decode(SIGNATURE + '=').hex()}",
    "signature of SHA-256 alone": f"{HEAD}.{BODY}.{b64(hashlib.sha256(f'{HEAD}.{BODY}'.encode()).digest())}",
    **{f"signature bit {bit} flipped": f"{HEAD}.{BODY}.{flipped(SIGNATURE, bit)}" for bit in (0, 7, 100, 255)},
    "last character not canonical": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    **{f"cut by {size}": GOOD[:-size] for size in (1, 2, 10, 43, 44)},
    "cut in front": GOOD[1:],
    "one = added": GOOD + "=",
    "two = added": GOOD + "==",
    "= in the header part": f"{HEAD}=.{BODY}.{SIGNATURE}",
    "= in the payload part": f"{HEAD}.{BODY}=.{SIGNATURE}",
    **{f"with {extra!r} behind": GOOD + extra
       for extra in (".", "..", ".x", "x", "A", "~", "+", "/", "-", "%00", "\n", "\r\n x", "\0", "\t", "é", ",x", '"')},
    **{f"with {extra!r} in front": extra + GOOD for extra in (".", "x", "\n", "Bearer ", "\ufeff", '"')},
    "space inside": f"{HEAD}. {BODY}.{SIGNATURE}",
    "newline inside": f"{HEAD}.\n{BODY}.{SIGNATURE}",
    "standard base64": with_claims(jti="?>?>").replace("-", "+").replace("_", "/") + "+/",
    "percent-encoded": GOOD.replace(".", "%2E"),
    "fullwidth dots": GOOD.replace(".", "\uff0e"),
    "two parts": f"{HEAD}.{BODY}",
    "one part": HEAD,
    "no header": f".{BODY}.{SIGNATURE}",
    "no payload": f"{HEAD}..{SIGNATURE}",
    "five parts, as a JWE": f"{HEAD}.{BODY}.{SIGNATURE}.{BODY}.{SIGNATURE}",
    "JSON serialization": json.dumps({"protected": HEAD, "payload": BODY, "signature": SIGNATURE}),
    "only dots": "..",
    "a dot": ".",
    "a word": "x",
    "null": "null",
    "undefined": "undefined",
    "a reset token": "reset_" + "A" * 43,
    "a session id": "s_alice",
    "lone surrogate": "\udcff",
    "just over 8 KiB, well signed": next(
        token for size in range(5700, 6000) if len(token := with_claims(x="x" * size)) > LIMIT),
    "20 kB, well signed": with_claims(x=LONG),
    "60 kB": "A" * 60_000,
    "1 MB": "A" * 1_000_000,
    "1 MB of payload": f"{HEAD}.{'A' * 1_000_000}.{SIGNATURE}",
    "1 MB of dots": "." * 1_000_000,
}  # fmt: skip
WAYS = [
    pytest.param(way, token, id=f"{name} ({way})"[:80].encode("unicode_escape").decode())
    for name, token in FORGED.items()
    for way in ("header", "query")
    if way == "query" or (token.isascii() and not set(token) & set("\r\n\0\t"))  # what servers let through in a header
]


@pytest.fixture
def signing(memory: MemoryPorts) -> MemoryPorts:
    """A world with signed tokens, where Alice and Bob are logged in and the user of a third session is gone."""
    for name in ("alice", "bob", "gone"):
        user = User(UserId(f"u_{name}"), name, EmailAddress(f"{name}@x.test", f"{name}@x.test"), NOW)
        session = Session(SessionId(f"s_{name}"), user.id, NOW, NOW + timedelta(days=7))
        memory.unit_of_work.tables.users[user.id] = user
        memory.unit_of_work.tables.sessions[session.id] = session
    del memory.unit_of_work.tables.users[UserId("u_gone")]
    return attrs.evolve(memory, tokens=JwtTokens([SECRET]))


async def ask(ports: MemoryPorts, way: str, token: str) -> httpx2.Response:
    """Asks who the token belongs to; straight to the application, as a client would refuse the longest URLs."""
    headers = [(b"authorization", b"Bearer " + token.encode())] if way == "header" else []
    query = "token=" + quote(token, safe="", errors="surrogateescape") if way == "query" else ""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/api/auth/me",
        "query_string": query.encode(),
        "headers": headers,
    }
    await create_app(ports)(scope, receive, send)
    start, body = sent
    return httpx2.Response(start["status"], headers=start["headers"], content=body["body"])


@pytest.mark.parametrize("way", ["header", "query"])
async def test_the_token_all_forgeries_are_made_from_is_good(signing: MemoryPorts, way: str) -> None:
    spaced = signed(b" " + changed(HEADER, {}) + b"\n", PAYLOAD)
    in_time = [with_claims(nbf=nbf) for nbf in (0, IAT, IAT + 60)]
    for token in (
        GOOD,
        with_claims(),
        with_header(),
        with_payload(PAYLOAD),
        with_claims(x="ignored"),
        spaced,
        *in_time,
    ):
        answer = await ask(signing, way, token)
        assert (answer.status_code, answer.json()["user"]["id"]) == (200, "u_alice")
    assert (
        jwt.decode(GOOD, SECRET, ["HS256"], {"verify_exp": False, "verify_iat": False}, audience="leadnator") == CLAIMS
    )


@pytest.mark.parametrize(("way", "token"), WAYS)
async def test_no_forged_or_odd_token_gets_in(signing: MemoryPorts, way: str, token: str) -> None:
    answer = await ask(signing, way, token)
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_token"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert (await ask(signing, way, GOOD)).status_code == 200


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(set(FORGED.values()) - {GOOD}) >= 145
