"""Second factors over HTTP, over every store."""

import re
from typing import Any

import attrs
import httpx2
import pytest
from structlog.typing import EventDict

from leadnator_auth.adapters.memory import MemoryPorts
from leadnator_auth.domain import (
    Actor,
    EventType,
    MailKind,
    MasterKeys,
    Ports,
    UserId,
    change_user,
    deliver_due_mails,
    recover_user,
)
from leadnator_auth.domain.entities.event import EventFilter
from leadnator_auth.testing import TotpApp
from tests.http.admins import Caller, signed_up
from tests.http.conftest import CheckProblem, ClientOver

EMAIL, PASSWORD = "alice@example.com", "secret"
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}
CALLS = (
    ("POST", "/api/auth/login/second-factor"),
    ("GET", "/api/auth/factors"),
    ("POST", "/api/auth/totp"),
    ("POST", "/api/auth/totp/confirm"),
    ("DELETE", "/api/auth/totp"),
    ("POST", "/api/auth/recovery-codes"),
)


@pytest.fixture
def http(client_over: ClientOver, ports: Ports) -> httpx2.AsyncClient:
    return client_over(attrs.evolve(ports, policy=attrs.evolve(ports.policy, email_code_login=True)))


@pytest.fixture
async def alice(http: httpx2.AsyncClient) -> Caller:
    return await signed_up(http, "alice")


async def request(who: Caller, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
    return await who.send(method, path, json=body)


async def get(who: Caller, path: str) -> httpx2.Response:
    return await who.send("GET", path)


async def post(who: Caller, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
    return await who.send("POST", path, json=body)


async def delete(who: Caller, path: str) -> httpx2.Response:
    return await who.send("DELETE", path)


@attrs.frozen
class Protected:
    """Alice, who is logged in, and what she needs to get in again."""

    alice: Caller
    app: TotpApp
    codes: list[str]
    http: httpx2.AsyncClient

    async def asked(self) -> dict[str, Any]:
        """Logs in with the password alone."""
        answer = await self.http.post("/api/auth/login", json=CREDENTIALS)
        assert answer.status_code == 403, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def answer(self, code: str, challenge: str | None = None) -> httpx2.Response:
        body = {"challenge": challenge or (await self.asked())["challenge"], "code": code}
        return await self.http.post("/api/auth/login/second-factor", json=body)


async def given(alice: Caller, memory: MemoryPorts) -> TotpApp:
    """Sets up an app."""
    answer = await post(alice, "/api/auth/totp")
    assert answer.status_code == 200, answer.text
    return TotpApp.scanning(answer.json()["uri"], memory.clock)


async def protect(alice: Caller, memory: MemoryPorts, http: httpx2.AsyncClient) -> Protected:
    app = await given(alice, memory)
    answer = await post(alice, "/api/auth/totp/confirm", {"code": app.code})
    assert answer.status_code == 200, answer.text
    memory.clock.advance(seconds=30)
    return Protected(alice, app, answer.json()["recovery_codes"], http)


@pytest.fixture
async def protected(alice: Caller, memory: MemoryPorts, http: httpx2.AsyncClient) -> Protected:
    return await protect(alice, memory, http)


async def mails(ports: Ports, memory: MemoryPorts) -> list[MailKind]:
    await deliver_due_mails(ports=ports)
    return [mail.kind for mail in memory.mailer.mails]


async def test_what_is_set_up_is_given_in_three_ways_and_counts_when_it_was_confirmed(
    alice: Caller, http: httpx2.AsyncClient, memory: MemoryPorts
) -> None:
    answer = (await post(alice, "/api/auth/totp")).json()
    assert answer.keys() == {"secret", "uri", "qr_svg"}
    assert re.fullmatch(r"[A-Z2-7]{32}", answer["secret"])
    assert answer["uri"].startswith("otpauth://totp/leadnator-auth")
    assert answer["qr_svg"].startswith("<svg")
    assert answer["qr_svg"].endswith("</svg>")
    assert (await get(alice, "/api/auth/factors")).json() == {"factors": []}
    assert (await http.post("/api/auth/login", json=CREDENTIALS)).status_code == 200
    app = TotpApp(answer["secret"], memory.clock)
    codes = (await post(alice, "/api/auth/totp/confirm", {"code": app.code})).json()
    assert codes.keys() == {"recovery_codes"}
    assert len(set(codes["recovery_codes"])) == 10
    assert (await get(alice, "/api/auth/factors")).json() == {
        "factors": [
            {
                "type": "totp",
                "created_at": "2026-01-01T00:00:00Z",
                "last_used_at": "2026-01-01T00:00:00Z",
                "recovery_codes_left": 10,
            }
        ]
    }


async def test_the_right_password_is_answered_with_a_challenge(protected: Protected) -> None:
    answer = await protected.http.post("/api/auth/login", json=CREDENTIALS)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (403, "second_factor_required")
    assert body["factors"] == ["totp", "recovery_code"]
    assert body["expires_at"] == "2026-01-01T00:05:30Z"
    assert body["challenge"].startswith("mfa_")
    assert "WWW-Authenticate" not in answer.headers


async def test_a_wrong_password_says_nothing_of_a_second_factor(
    protected: Protected, check_problem: CheckProblem
) -> None:
    answer = await protected.http.post("/api/auth/login", json={"email": EMAIL, "password": "wrong!"})
    check_problem(answer, 401, "invalid_credentials")


async def test_a_code_gets_in_once(
    protected: Protected, memory: MemoryPorts, check_problem: CheckProblem, http: httpx2.AsyncClient
) -> None:
    code = protected.app.code
    answer = await protected.answer(code)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"token", "user"}
    assert answer.json()["user"].keys() == {"id", "name", "role"}
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await http.get("/api/auth/me", headers=headers)).status_code == 200
    check_problem(await protected.answer(code), 401, "invalid_code")
    memory.clock.advance(seconds=30)
    check_problem(await protected.answer(code), 401, "invalid_code")


async def test_the_code_of_the_set_up_logs_nobody_in(
    alice: Caller, http: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    app = await given(alice, memory)
    code = app.code
    codes = (await post(alice, "/api/auth/totp/confirm", {"code": code})).json()["recovery_codes"]
    check_problem(await Protected(alice, app, codes, http).answer(code), 401, "invalid_code")


@pytest.mark.parametrize("spelled", [str, str.lower, lambda code: f" {code.replace('-', ' ')} "])
async def test_a_recovery_code_gets_in_once_however_it_is_spelled(
    protected: Protected, check_problem: CheckProblem, spelled: Any
) -> None:
    code = spelled(protected.codes[4])
    assert (await protected.answer(code)).status_code == 200
    check_problem(await protected.answer(code), 401, "invalid_code")
    left = (await get(protected.alice, "/api/auth/factors")).json()["factors"][0]["recovery_codes_left"]
    assert left == 9


async def test_a_challenge_works_once_and_takes_five_tries(
    protected: Protected, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    challenge = (await protected.asked())["challenge"]
    assert (await protected.answer(protected.app.code, challenge)).status_code == 200
    memory.clock.advance(seconds=30)
    check_problem(await protected.answer(protected.app.code, challenge), 400, "invalid_challenge")
    challenge = (await protected.asked())["challenge"]
    for _ in range(5):
        check_problem(await protected.answer("000000", challenge), 401, "invalid_code")
    check_problem(await protected.answer(protected.app.code, challenge), 400, "invalid_challenge")


async def test_a_challenge_lasts_five_minutes_and_no_longer_than_the_password(
    protected: Protected, memory: MemoryPorts, ports: Ports, check_problem: CheckProblem
) -> None:
    challenge = (await protected.asked())["challenge"]
    memory.clock.advance(minutes=5)
    check_problem(await protected.answer(protected.app.code, challenge), 400, "invalid_challenge")
    challenge = (await protected.asked())["challenge"]
    changed = await post(
        protected.alice, "/api/auth/change-password", {"current_password": PASSWORD, "password": "another secret"}
    )
    assert changed.status_code == 200
    check_problem(await protected.answer(protected.app.code, challenge), 400, "invalid_challenge")


@pytest.mark.parametrize("challenge", ["mfa_" + "A" * 43, "mfa_", "reset_" + "A" * 43, "x" * 5000, "é"])
async def test_what_is_no_challenge_of_ours_is_called_so(
    protected: Protected, check_problem: CheckProblem, challenge: str
) -> None:
    check_problem(await protected.answer(protected.app.code, challenge), 400, "invalid_challenge")


@pytest.mark.parametrize("body", [{}, {"challenge": None, "code": ""}, {"challenge": "mfa_x"}])
async def test_what_is_missing_is_named(http: httpx2.AsyncClient, check_problem: CheckProblem, body: Any) -> None:
    check_problem(await http.post("/api/auth/login/second-factor", json=body), 400, "missing_fields")


async def test_one_who_has_the_code_of_a_mail_is_asked_for_the_factor_too(
    protected: Protected, http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    challenge = (await http.post("/api/auth/login/code", json={"email": EMAIL})).json()["challenge"]
    await deliver_due_mails(ports=attrs.evolve(ports, policy=attrs.evolve(ports.policy, email_code_login=True)))
    mailed = memory.mailer.login_codes[-1].secret
    answer = await http.post("/api/auth/login/code/confirm", json={"challenge": challenge, "code": mailed})
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
    assert (await protected.answer(protected.app.code, answer.json()["challenge"])).status_code == 200


async def test_a_reset_opens_nothing_and_leaves_an_old_factor_of_a_verified_account(
    protected: Protected, http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    await change_user(Actor.operator(), UserId(protected.alice.id), {"email_verified": True}, ports=ports)
    for days, status in ((7, 403), (0, 403)):
        memory.clock.advance(days=days, seconds=1)
        await http.post("/api/auth/forgot-password", json={"email": EMAIL})
        await deliver_due_mails(ports=ports)
        secret = memory.mailer.reset_links[-1].secret
        body = {"token": secret, "password": PASSWORD, "revoke_all": True}
        assert (await http.post("/api/auth/reset-password", json=body)).status_code == 200
        assert (await http.post("/api/auth/login", json=CREDENTIALS)).status_code == status
    await deliver_due_mails(ports=ports)
    notice = next(mail for mail in reversed(memory.mailer.mails) if mail.kind is MailKind.PASSWORD_CHANGED)
    assert notice.ways_in.has_second_factor  # type: ignore[union-attr]  # a notice


async def test_a_reset_of_an_account_that_was_never_verified_drops_the_factor(
    protected: Protected, http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts
) -> None:
    memory.clock.advance(days=30)
    await http.post("/api/auth/forgot-password", json={"email": EMAIL})
    await deliver_due_mails(ports=ports)
    secret = memory.mailer.reset_links[-1].secret
    await http.post("/api/auth/reset-password", json={"token": secret, "password": PASSWORD})
    assert (await http.post("/api/auth/login", json=CREDENTIALS)).status_code == 200


@pytest.mark.parametrize("value", ["yes", 1, [], {}])
async def test_whether_all_is_revoked_is_true_or_false(
    http: httpx2.AsyncClient, check_problem: CheckProblem, value: Any
) -> None:
    body = {"token": "reset_" + "A" * 43, "password": "another secret", "revoke_all": value}
    check_problem(await http.post("/api/auth/reset-password", json=body), 400, "invalid_fields")


async def test_only_the_factor_steps_up_in_older_sessions_too(
    alice: Caller, http: httpx2.AsyncClient, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    token = (await http.post("/api/auth/login", json=CREDENTIALS)).json()["token"]
    older = Caller(http, alice.id, token)
    protected = await protect(alice, memory, http)
    check_problem(await delete(older, "/api/auth/account"), 401, "step_up_required")
    answer = await post(older, "/api/auth/step-up", {"current_password": PASSWORD})
    check_problem(answer, 400, "missing_fields")
    assert [error["field"] for error in answer.json()["errors"]] == ["code"]
    check_problem(await delete(older, "/api/auth/account"), 401, "step_up_required")
    check_problem(await post(older, "/api/auth/step-up", {"code": "000000"}), 401, "invalid_code")
    answer = await post(older, "/api/auth/step-up", {"code": protected.app.code})
    assert answer.json() == {"ok": True, "expires_at": "2026-01-01T00:10:30Z"}
    assert (await delete(older, "/api/auth/account")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/auth/totp"),
        ("POST", "/api/auth/totp/confirm"),
        ("DELETE", "/api/auth/totp"),
        ("POST", "/api/auth/recovery-codes"),
        ("DELETE", "/api/auth/account"),
        ("GET", "/api/auth/account/export"),
        ("POST", "/api/auth/change-email"),
    ],
)
async def test_what_needs_a_recent_factor_says_so(
    protected: Protected, memory: MemoryPorts, check_problem: CheckProblem, method: str, path: str
) -> None:
    memory.clock.advance(minutes=10)
    body = {"code": "000000", "email": "al@example.org"} if method == "POST" else None
    answer = await request(protected.alice, method, path, body)
    check_problem(answer, 401, "step_up_required")
    assert 'error="insufficient_user_authentication"' in answer.headers["WWW-Authenticate"]


async def test_a_guess_counts_as_a_wrong_log_in(
    protected: Protected, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    for _ in range(10):
        check_problem(await post(protected.alice, "/api/auth/step-up", {"code": "000000"}), 401, "invalid_code")
    check_problem(
        await post(protected.alice, "/api/auth/step-up", {"code": protected.app.code}), 429, "too_many_requests"
    )
    memory.clock.advance(minutes=1)
    assert (await post(protected.alice, "/api/auth/step-up", {"code": protected.app.code})).status_code == 200


async def test_who_has_the_password_alone_gets_no_more_challenges_than_guesses(
    protected: Protected, check_problem: CheckProblem
) -> None:
    for _ in range(10):
        await protected.asked()
    check_problem(await protected.http.post("/api/auth/login", json=CREDENTIALS), 429, "too_many_requests")


async def test_the_owner_may_log_in_as_often_as_they_like(protected: Protected, memory: MemoryPorts) -> None:
    for _ in range(25):
        memory.clock.advance(seconds=30)
        assert (await protected.answer(protected.app.code)).status_code == 200


async def test_new_recovery_codes_void_those_of_before(protected: Protected, check_problem: CheckProblem) -> None:
    codes = (await post(protected.alice, "/api/auth/recovery-codes")).json()["recovery_codes"]
    assert len(set(codes) - set(protected.codes)) == 10
    check_problem(await protected.answer(protected.codes[0]), 401, "invalid_code")
    assert (await protected.answer(codes[0])).status_code == 200


async def test_a_removed_app_is_asked_for_no_more(
    protected: Protected, http: httpx2.AsyncClient, check_problem: CheckProblem
) -> None:
    assert (await delete(protected.alice, "/api/auth/totp")).status_code == 200
    assert (await http.post("/api/auth/login", json=CREDENTIALS)).status_code == 200
    check_problem(await delete(protected.alice, "/api/auth/totp"), 404, "not_found")
    check_problem(await post(protected.alice, "/api/auth/recovery-codes"), 404, "not_found")
    check_problem(await post(protected.alice, "/api/auth/totp/confirm", {"code": "000000"}), 404, "not_found")
    check_problem(await post(protected.alice, "/api/auth/step-up", {"code": protected.codes[0]}), 401, "invalid_code")


async def test_the_owner_is_told_of_what_changes_and_of_recovery_codes(
    protected: Protected, ports: Ports, memory: MemoryPorts
) -> None:
    assert MailKind.FACTOR_ADDED in await mails(ports, memory)
    for code in protected.codes[:6]:
        memory.clock.advance(hours=1)
        assert (await protected.answer(code)).status_code == 200
    assert (await mails(ports, memory)).count(MailKind.RECOVERY_CODE_USED) == 6
    assert MailKind.RECOVERY_CODES_LOW not in await mails(ports, memory)
    assert (await protected.answer(protected.codes[6])).status_code == 200
    assert MailKind.RECOVERY_CODES_LOW in await mails(ports, memory)
    await post(protected.alice, "/api/auth/step-up", {"code": protected.app.code})
    await delete(protected.alice, "/api/auth/totp")
    assert MailKind.FACTOR_REMOVED in await mails(ports, memory)


async def test_an_operator_lets_somebody_in_who_lost_their_phone(
    protected: Protected, http: httpx2.AsyncClient, ports: Ports, memory: MemoryPorts, check_problem: CheckProblem
) -> None:
    async with ports.unit_of_work.snapshot() as repositories:
        user = await repositories.users.by_email(EMAIL)
    assert user is not None
    challenge = (await protected.asked())["challenge"]
    for _ in range(6):  # as many links as there may be, and more
        await http.post("/api/auth/forgot-password", json={"email": EMAIL})
        await deliver_due_mails(ports=ports)
    await recover_user(Actor.operator(), user.id, ports=ports)
    check_problem(await get(protected.alice, "/api/auth/me"), 401, "invalid_token")
    check_problem(await protected.answer(protected.app.code, challenge), 400, "invalid_challenge")
    await deliver_due_mails(ports=ports)
    body = {"token": memory.mailer.reset_links[-1].secret, "password": "another secret"}
    assert (await http.post("/api/auth/reset-password", json=body)).status_code == 200
    answer = await http.post("/api/auth/login", json={"email": EMAIL, "password": "another secret"})
    assert answer.status_code == 200


async def test_a_token_and_an_event_say_how_somebody_got_in(
    protected: Protected, ports: Ports, memory: MemoryPorts
) -> None:
    token = (await protected.answer(protected.app.code)).json()["token"]
    claims = ports.tokens.read(token)
    assert (claims.amr, claims.authenticated_at) == (("pwd", "otp", "mfa"), memory.clock.now())
    async with ports.unit_of_work.snapshot() as repositories:
        events = await repositories.events.latest(EventFilter(), 1, None)
    assert (events[0].type, events[0].data["amr"]) == (EventType.SESSION_STARTED, "pwd otp mfa")


async def test_where_no_master_key_is_set_there_is_nothing(
    client_over: ClientOver, ports: Ports, check_problem: CheckProblem
) -> None:
    http = client_over(attrs.evolve(ports, master_keys=MasterKeys()))
    alice = await signed_up(http, "alice")
    for method, path in CALLS:
        body = {"code": "000000", "challenge": "mfa_" + "A" * 43} if method == "POST" else None
        check_problem(await request(alice, method, path, body), 404, "not_found")


@pytest.mark.parametrize("path", [path for method, path in CALLS if method == "POST"])
async def test_nor_is_what_was_sent_judged_there(
    client_over: ClientOver, memory: MemoryPorts, check_problem: CheckProblem, path: str
) -> None:
    http = client_over(attrs.evolve(memory, master_keys=MasterKeys()))
    typed = {"Content-Type": "application/json"}
    for content in (b"", b"{", b"[]", b"{}", b'{"challenge":5,"code":"000000"}', b'{"challenge":"\\ud800"}', b"\xff"):
        check_problem(await http.post(path, content=content, headers=typed), 404, "not_found")
    for headers in ({"Content-Type": "text/plain"}, {**typed, "Content-Encoding": "gzip"}):
        check_problem(await http.post(path, content=b"{}", headers=headers), 404, "not_found")


async def test_a_lost_master_key_opens_nothing_and_a_recovery_code_still_does(
    protected: Protected, client_over: ClientOver, ports: Ports
) -> None:
    http = client_over(attrs.evolve(ports, master_keys=MasterKeys()))
    without = attrs.evolve(protected, http=http)
    assert (await without.answer(protected.app.code)).status_code == 401
    assert (await without.answer(protected.codes[0])).status_code == 200


async def test_no_code_and_no_secret_is_logged(protected: Protected, logs: list[EventDict]) -> None:
    code = protected.app.code
    challenge = (await protected.asked())["challenge"]
    await protected.answer("000000", challenge)
    await protected.answer(code, challenge)
    text = repr(logs)
    assert "second_factor_asked" in text
    assert "code_refused" in text
    for secret in (code, challenge, protected.app.secret, *protected.codes):
        assert secret not in text
