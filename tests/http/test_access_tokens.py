"""Access tokens as their holders use them: how they are sent, how long they live, and what they say."""

from collections.abc import Callable
from typing import Any

import attrs
import httpx2
import jwt
import pytest
from jwt.types import Options
from structlog.typing import EventDict

from leadnator_auth.adapters.jwt_tokens import JwtTokens
from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Claims, Ports, deliver_due_mails
from leadnator_auth.entrypoints.http.context import Bearer

Check = Callable[[httpx2.Response, int, str], None]
ClientOver = Callable[[Ports], httpx2.AsyncClient]

OLD = "an old secret of the tests, long enough"
NEW = "a new secret of the tests, long enough"
WEEK = 604800
ALICE = {"name": "Alice", "email": "alice@example.com", "password": "first-password"}
RIGHT = {"email": ALICE["email"], "password": ALICE["password"]}


@attrs.define
class CountedTokens:
    """Signed tokens that count how many were read."""

    tokens: JwtTokens
    reads: int = 0

    def issue(self, claims: Claims) -> str:
        return self.tokens.issue(claims)

    def read(self, token: str) -> Claims:
        self.reads += 1
        return self.tokens.read(token)


@pytest.fixture
def counted() -> CountedTokens:
    """Tokens signed with one secret."""
    return CountedTokens(JwtTokens([OLD]))


@pytest.fixture
def signed(client_over: ClientOver, memory: MemoryPorts, counted: CountedTokens) -> httpx2.AsyncClient:
    """A client over a world in memory whose tokens are `counted`."""
    return client_over(attrs.evolve(memory, tokens=counted))


@pytest.fixture
async def token(signed: httpx2.AsyncClient) -> str:
    """The token of Alice, who has signed up."""
    return str((await signed.post("/api/auth/signup", json=ALICE)).json()["token"])


@pytest.fixture
async def other(signed: httpx2.AsyncClient) -> str:
    """The token of Bob."""
    answer = await signed.post("/api/auth/signup", json=ALICE | {"name": "Bob", "email": "bob@example.com"})
    return str(answer.json()["token"])


async def me(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})


async def log_in(client: httpx2.AsyncClient) -> str:
    return str((await client.post("/api/auth/login", json=RIGHT)).json()["token"])


def content(token: str, secret: str = OLD) -> dict[str, Any]:
    """Returns what a token says, as any other JWT library would read it."""
    unchecked: Options = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(token, secret, algorithms=["HS256"], options=unchecked, audience="leadnator")


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer   "])
async def test_the_scheme_may_be_written_in_any_case(signed: httpx2.AsyncClient, token: str, scheme: str) -> None:
    answer = await signed.get("/api/auth/me", headers={"Authorization": scheme + token})
    assert answer.json()["user"]["name"] == "Alice"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "{}", "Basic {}", "Token {}", "Bearer{}", "Bearer={}",
                                    "Bearer {}, Bearer {}", "Bearer {} {}", 'Bearer "{}"', "Bearer token={}",
                                    "Bearer Bearer {}", "JWT {}", "xBearer {}", "Bearer,{}", "Bearer é{}"])  # fmt: skip
async def test_any_other_header_is_refused(
    signed: httpx2.AsyncClient, check_problem: Check, token: str, header: str
) -> None:
    answer = await signed.get("/api/auth/me", headers={b"Authorization": header.format(token, token).encode()})
    check_problem(answer, 401, answer.json()["code"])
    assert answer.json()["code"] in ("missing_token", "invalid_token")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer", "missing_token"),
        ("bearer ", "missing_token"),
        ("BEARER   \t ", "missing_token"),
        ("Bearer two tokens", "invalid_token"),
        ("Bearers a.b.c", "missing_token"),
        ("Bearera.b.c", "missing_token"),
        ("Bearer-Token a.b.c", "missing_token"),
        ("Basic YTpi", "missing_token"),
        ("", "missing_token"),
    ],
)
async def test_who_sent_no_token_is_told_so(
    signed: httpx2.AsyncClient, check_problem: Check, header: str, code: str
) -> None:
    answer = await signed.get("/api/auth/me", headers={"Authorization": header})
    check_problem(answer, 401, code)
    assert (answer.headers["WWW-Authenticate"] == 'Bearer realm="leadnator"') is (code == "missing_token")


async def test_white_space_around_the_header_does_not_matter(signed: httpx2.AsyncClient, token: str) -> None:
    answer = await signed.get("/api/auth/me", headers={b"Authorization": f"  Bearer {token} \t".encode()})
    assert answer.status_code == 200


def test_a_token_is_not_in_a_repr() -> None:
    assert "a.b.c" not in repr(Bearer("a.b.c", in_query=True))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_query_is_a_fallback_that_leaves_no_trace(
    signed: httpx2.AsyncClient, token: str, logs: list[EventDict], method: str
) -> None:
    answer = await signed.request(method, "/api/auth/me", params={"token": token})
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert any(entry.get("path") == "/api/auth/me" for entry in logs)
    assert token not in str(logs)


@pytest.mark.parametrize("blank", ["\u00a0", "\u0085", "\u001f", "\u000b", "\u000c"])
async def test_nothing_but_blanks_and_tabs_is_dropped_around_the_header(
    signed: httpx2.AsyncClient, check_problem: Check, token: str, blank: str
) -> None:
    for header in (f"Bearer {token}{blank}", f"Bearer {blank}{token}", f"Bearer {token} {blank}"):
        answer = await signed.get("/api/auth/me", headers={b"Authorization": header.encode("latin-1")})
        check_problem(answer, 401, "invalid_token")
    answer = await signed.get("/api/auth/me", headers={b"Authorization": f"{blank}Bearer {token}".encode("latin-1")})
    check_problem(answer, 401, "missing_token")


@pytest.mark.parametrize("query", ["token=", "token", "token=&token=", "a=b&token=&c"])
async def test_an_empty_token_in_the_query_counts_as_none(
    signed: httpx2.AsyncClient, check_problem: Check, token: str, query: str
) -> None:
    header = {"Authorization": f"Bearer {token}"}
    for method in ("GET", "HEAD"):
        assert (await signed.request(method, f"/api/auth/me?{query}", headers=header)).status_code == 200
    assert (await signed.get(f"/api/auth/me?{query}&token={token}")).status_code == 200
    check_problem(await signed.get(f"/api/auth/me?{query}"), 401, "missing_token")
    for other in (f"{query}&token={token}", f"token=x&{query}", f"{query}&token=%20"):
        check_problem(await signed.get(f"/api/auth/me?{other}", headers=header), 400, "invalid_request")


async def test_two_credentials_at_once_are_contradictory(
    signed: httpx2.AsyncClient, check_problem: Check, token: str, other: str
) -> None:
    both = {"Authorization": f"Bearer {token}"}
    basic = {"Authorization": "Basic YTpi"}
    for answer in (
        await signed.get("/api/auth/me", headers=both, params={"token": other}),
        await signed.get("/api/auth/me", headers=both, params={"token": token}),
        await signed.get("/api/auth/me", headers=both, params={"token": "nonsense"}),
        await signed.get("/api/auth/me", headers=basic, params={"token": token}),
        await signed.get("/api/auth/me", headers=[*both.items(), ("Authorization", f"Bearer {other}")]),
        await signed.get("/api/auth/me", headers=[*both.items(), *both.items()]),
        await signed.get("/api/auth/me", headers=[*both.items(), *basic.items()]),
        await signed.get(f"/api/auth/me?token={token}&token={other}"),
    ):
        check_problem(answer, 400, "invalid_request")
        assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


async def test_a_token_anywhere_else_does_not_count(
    signed: httpx2.AsyncClient, check_problem: Check, token: str
) -> None:
    """The name of the parameter is exact, and cookies, bodies and other headers are no place for a token."""
    for answer in (
        await signed.get("/api/auth/me", headers={"Cookie": f"token={token}; access_token={token}"}),
        await signed.get("/api/auth/me", headers={"X-Access-Token": token, "Proxy-Authorization": f"Bearer {token}"}),
        await signed.get("/api/auth/me", params={"access_token": token, "Token": token, "token[]": token}),
        await signed.request("GET", "/api/auth/me", json={"token": token}),
        await signed.request("GET", "/api/auth/me", data={"access_token": token}),
        await signed.get(f"/api/auth/me#token={token}"),
    ):
        check_problem(answer, 401, "missing_token")


async def test_a_token_in_the_query_of_a_post_opens_nothing(
    signed: httpx2.AsyncClient, check_problem: Check, token: str
) -> None:
    query = {"token": token}
    check_problem(await signed.post("/api/auth/me", params=query), 405, "method_not_allowed")
    wrong = await signed.post("/api/auth/login", params=query, json=RIGHT | {"password": "wrong-password"})
    check_problem(wrong, 401, "invalid_credentials")
    reset = await signed.post("/api/auth/reset-password", params=query, json={"password": "second-password"})
    check_problem(reset, 400, "missing_fields")


@pytest.mark.parametrize("way", ["header", "query"])
async def test_nothing_over_8_kib_is_decoded(
    signed: httpx2.AsyncClient, counted: CountedTokens, check_problem: Check, token: str, way: str
) -> None:
    for size in (8192, 8193, 20_000, 60_000):
        text = token.ljust(size, "A")
        by_query = await signed.get("/api/auth/me", params={"token": text}) if way == "query" else None
        check_problem(by_query or await me(signed, text), 401, "invalid_token")
        assert counted.reads == 1, "only the one of 8 KiB was looked into"


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(-3600, 401), (-61, 401), (-59, 200), (-30, 200), (0, 200), (WEEK - 1, 200), (WEEK + 30, 200), (WEEK + 59, 200),
     (WEEK + 61, 401), (WEEK + 3600, 401), (10 * WEEK, 401)],
)  # fmt: skip
async def test_a_token_lives_for_a_week_give_or_take_a_minute_of_clocks(
    signed: httpx2.AsyncClient, memory: MemoryPorts, token: str, seconds: int, status: int
) -> None:
    memory.clock.advance(seconds=seconds)
    assert (await me(signed, token)).status_code == status
    memory.clock.advance(seconds=-seconds)
    assert (await me(signed, token)).status_code == 200


@pytest.mark.parametrize("microseconds", [0, 1, 499_999, 500_000, 999_999])
async def test_a_token_says_what_is_promised(
    signed: httpx2.AsyncClient, memory: MemoryPorts, microseconds: int
) -> None:
    memory.clock.advance(microseconds=microseconds)
    created = (await signed.post("/api/auth/signup", json=ALICE)).json()
    for token in (created["token"], await log_in(signed)):
        claims = content(token)
        assert {"iss", "aud", "sub", "sid", "jti", "iat", "exp"} <= claims.keys()
        assert claims["exp"] - claims["iat"] == WEEK
        assert claims["iat"] == int(memory.clock.now().timestamp())
        assert claims["sub"] == created["user"]["id"]
        assert jwt.get_unverified_header(token)["alg"] == "HS256"
        assert len(token) < 1024
        assert not {"email", "name", "password", "role"} & claims.keys()


async def test_two_log_ins_in_one_second_give_two_tokens(signed: httpx2.AsyncClient, token: str) -> None:
    tokens = [token, *[await log_in(signed) for _ in range(5)]]
    assert len({content(token)["iat"] for token in tokens}) == 1
    assert len(set(tokens)) == len({content(token)["jti"] for token in tokens}) == 6
    assert [(await me(signed, token)).status_code for token in tokens] == [200] * 6


async def test_a_log_in_right_after_a_reset_is_not_taken_for_an_older_one(
    signed: httpx2.AsyncClient, memory: MemoryPorts, check_problem: Check, token: str, other: str
) -> None:
    await signed.post("/api/auth/forgot-password", json={"email": ALICE["email"]})
    await deliver_due_mails(ports=memory)
    body = {"token": memory.mailer.reset_links[0].secret, "password": ALICE["password"]}
    await signed.post("/api/auth/reset-password", json=body)
    new = await log_in(signed)
    check_problem(await me(signed, token), 401, "invalid_token")
    assert [(await me(signed, text)).status_code for text in (new, other)] == [200, 200]
    assert content(new)["iat"] == content(token)["iat"]


async def test_an_old_secret_verifies_until_it_is_dropped(
    client_over: ClientOver, memory: MemoryPorts, check_problem: Check
) -> None:
    before, during, after = [
        client_over(attrs.evolve(memory, tokens=JwtTokens(secrets))) for secrets in ([OLD], [NEW, OLD], [NEW])
    ]
    old = (await before.post("/api/auth/signup", json=ALICE)).json()["token"]
    new = await log_in(during)
    assert content(new, NEW)["sub"] == content(old, OLD)["sub"]
    assert jwt.get_unverified_header(old)["kid"] != jwt.get_unverified_header(new)["kid"]
    assert [(await me(during, token)).status_code for token in (old, new)] == [200, 200]
    assert (await me(after, new)).status_code == 200
    check_problem(await me(after, old), 401, "invalid_token")
    check_problem(await me(before, new), 401, "invalid_token")


async def test_a_secret_is_not_shown_by_its_tokens(signed: httpx2.AsyncClient, token: str) -> None:
    assert OLD not in str(jwt.get_unverified_header(token)) + str(content(token))
