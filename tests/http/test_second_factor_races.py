"""Second factors over HTTP, over every store: many at once, codes that are used, and what a failure costs."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence

import attrs
import httpx2
import pytest

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import Limits, Policy, Ports
from leadnator_auth.testing.totp_app import TotpApp
from tests.http.admins import Caller, signed_up
from tests.http.conftest import CheckProblem, ClientOver

MANY = 16
CREDENTIALS = {"email": "alice@example.com", "password": "secret"}
STATEMENTS = 10
"""Of a log-in without a factor where nothing is limited: so many as before there was such a thing."""
NO_RECOVERY_CODE = "AAAAAA-AAAAAA-AAAAAA-AAAAAA"


@attrs.frozen
class Owner:
    """Somebody with an app and recovery codes."""

    caller: Caller
    app: TotpApp
    codes: list[str]

    async def challenge(self) -> str:
        """Returns a new one."""
        answer = await self.caller.http.post("/api/auth/login", json=CREDENTIALS)
        assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required"), answer.text
        return str(answer.json()["challenge"])

    async def log_in(self, code: str, challenge: str | None = None) -> httpx2.Response:
        body = {"challenge": challenge or await self.challenge(), "code": code}
        return await self.caller.http.post("/api/auth/login/second-factor", json=body)

    async def step_up(self, code: str) -> httpx2.Response:
        return await self.caller.send("POST", "/api/auth/step-up", json={"code": code})

    async def sessions(self) -> int:
        """Returns how many there are."""
        return len((await self.caller.send("GET", "/api/auth/sessions")).json()["sessions"])


@pytest.fixture
def http(client_over: ClientOver, ports: Ports) -> httpx2.AsyncClient:
    """A client over each store, of an application that limits nothing."""
    return client_over(attrs.evolve(ports, policy=Policy(limits=Limits.none())))


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    return await signed_up(http, "alice")


@pytest.fixture
async def owner(alice: Caller, memory: MemoryPorts) -> Owner:
    """Alice with an app, whose code of now was never used."""
    secret = (await alice.send("POST", "/api/auth/totp")).json()["secret"]
    app = TotpApp(secret, memory.clock)
    answer = await alice.send("POST", "/api/auth/totp/confirm", json={"code": app.code})
    memory.clock.advance(minutes=1)
    return Owner(alice, app, answer.json()["recovery_codes"])


async def statuses(answers: Sequence[Awaitable[httpx2.Response]]) -> Counter[tuple[int, str | None]]:
    """Returns how often each answer was given, all at once."""
    given = await asyncio.gather(*answers)
    return Counter((answer.status_code, answer.json().get("code")) for answer in given)


@pytest.mark.parametrize("kind", ["totp", "recovery_code"])
async def test_of_sixteen_log_ins_with_one_code_at_once_one_gets_in(owner: Owner, kind: str) -> None:
    code = owner.app.code if kind == "totp" else owner.codes[0]
    challenges = [await owner.challenge() for _ in range(MANY)]
    answers = await statuses([owner.log_in(code, challenge) for challenge in challenges])
    assert answers == {(200, None): 1, (401, "invalid_code"): MANY - 1}
    assert await owner.sessions() == 2


@pytest.mark.parametrize("kind", ["totp", "recovery_code"])
async def test_of_sixteen_step_ups_with_one_code_at_once_one_counts(owner: Owner, kind: str) -> None:
    code = owner.app.code if kind == "totp" else owner.codes[0]
    answers = await statuses([owner.step_up(code) for _ in range(MANY)])
    assert answers == {(200, None): 1, (401, "invalid_code"): MANY - 1}


async def test_of_a_log_in_and_a_step_up_with_one_code_at_once_one_works(owner: Owner) -> None:
    challenges = [await owner.challenge() for _ in range(4)]
    tried = [owner.log_in(owner.app.code, each) for each in challenges] + [owner.step_up(owner.app.code)]
    assert await statuses(tried) == {(200, None): 1, (401, "invalid_code"): 4}


async def test_of_five_good_codes_for_one_challenge_at_once_one_gets_in(owner: Owner) -> None:
    challenge = await owner.challenge()
    answers = await statuses([owner.log_in(code, challenge) for code in owner.codes[:5]])
    assert answers[200, None] == 1
    assert answers[400, "invalid_challenge"] == 4
    assert await owner.sessions() == 2


async def test_of_sixteen_guesses_at_one_challenge_at_once_five_are_looked_at(owner: Owner) -> None:
    challenge = await owner.challenge()
    answers = await statuses([owner.log_in("000000", challenge) for _ in range(MANY)])
    assert answers == {(401, "invalid_code"): 5, (400, "invalid_challenge"): MANY - 5}
    assert (await owner.log_in(owner.app.code, challenge)).status_code == 400


async def test_a_code_that_was_used_is_refused_one_step_later(
    owner: Owner, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    code = owner.app.code
    assert (await owner.log_in(code)).status_code == 200
    check_problem(await owner.log_in(code), 401, "invalid_code")
    memory.clock.advance(seconds=30)
    check_problem(await owner.log_in(code), 401, "invalid_code")
    check_problem(await owner.step_up(code), 401, "invalid_code")
    assert (await owner.log_in(owner.app.code)).status_code == 200


async def test_a_code_that_was_not_used_will_do_one_step_later_and_not_two(
    owner: Owner, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    code = owner.app.code
    memory.clock.advance(seconds=60)
    check_problem(await owner.log_in(code), 401, "invalid_code")
    code = owner.app.code
    memory.clock.advance(seconds=30)
    assert (await owner.log_in(code)).status_code == 200


@pytest.mark.parametrize("way", ["log-in", "step-up"])
async def test_whatever_is_wrong_with_a_code_costs_the_same(
    owner: Owner, memory: MemoryPorts, statements: list[str], way: str
) -> None:
    used, used_recovery_code = owner.app.code, owner.codes[0]
    for code in (used, used_recovery_code):
        assert (await owner.log_in(code)).status_code == 200
    wrong = f"{(int(used) + 1) % 10**6:06}"
    seen = []
    for code in (wrong, used, NO_RECOVERY_CODE, used_recovery_code, "no code at all"):
        challenge = await owner.challenge()
        statements.clear()
        memory.hasher.verified = memory.hasher.hashed = 0
        answer = await (owner.log_in(code, challenge) if way == "log-in" else owner.step_up(code))
        work = (memory.hasher.verified, memory.hasher.hashed, list(statements))
        headers = {**answer.headers, "x-request-id": None}
        seen.append((answer.status_code, answer.content, headers, work))
    assert all(each == seen[0] for each in seen)
    assert seen[0][3][:2] == (0, 0)


async def test_a_log_in_without_a_factor_asks_the_database_for_none(
    http: httpx2.AsyncClient, alice: Caller, ports: Ports, statements: list[str]
) -> None:
    statements.clear()
    assert (await http.post("/api/auth/login", json=CREDENTIALS)).status_code == 200
    assert [sql for sql in statements if "totp_factors" in sql or "recovery_codes" in sql] == []
    assert len(statements) == (0 if isinstance(ports, MemoryPorts) else STATEMENTS)


async def test_where_nothing_is_limited_nothing_is_counted(alice: Caller, statements: list[str]) -> None:
    statements.clear()
    answer = await alice.send("POST", "/api/auth/step-up", json={"current_password": CREDENTIALS["password"]})
    assert answer.status_code == 200
    assert [sql for sql in statements if sql.startswith("BEGIN")][2:] == []
