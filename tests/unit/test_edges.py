"""Just below a limit, at it, and above: what no story is about, and a changed sign or number would break."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    BadFieldError,
    Client,
    ConcurrencyError,
    Credentials,
    DeliveryReport,
    EmailAddress,
    Identity,
    ImportFate,
    InvalidCredentialsError,
    InvalidPageError,
    InvalidTokenError,
    Limits,
    MailKind,
    NotFoundError,
    OneTimeToken,
    Password,
    Policy,
    Purpose,
    RateLimit,
    Session,
    SignedIn,
    TooManyRequestsError,
    User,
    UserId,
    change_user,
    create_api_key,
    create_user,
    deliver_due_mails,
    end_session,
    identify,
    import_users,
    list_mails,
    list_users,
    log_in,
    purge,
    request_password_reset,
    run_in_transaction,
    sign_up,
)
from leadnator_auth.domain.entities.mail import MailRequest, QueuedMail, SecretMail
from leadnator_auth.domain.entities.rate_limit import Refusal
from leadnator_auth.domain.entities.recovery_code import RecoveryCode
from leadnator_auth.domain.entities.user import is_found, parse_plan
from leadnator_auth.domain.errors import MailRefusedError
from leadnator_auth.domain.ports import Repositories, Transaction
from leadnator_auth.domain.values.paging import requested_page
from leadnator_auth.domain.values.search import parse_search
from leadnator_auth.domain.values.text import without_controls

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HOME = Client("192.0.2.1")


@pytest.fixture
async def bob(memory: MemoryPorts, alice: SignedIn) -> SignedIn:
    """Somebody else."""
    return await sign_up("Bob", "bob@example.com", "secret", ports=memory)


@pytest.mark.parametrize("late", [MINUTE, HOUR, 30 * DAY])
async def test_a_token_stays_expired(memory: MemoryPorts, alice: SignedIn, late: timedelta) -> None:
    memory.clock.instant = alice.session.expires_at + late
    with pytest.raises(InvalidTokenError):
        await identify(alice.token, ports=memory)


async def test_no_secret_is_in_a_repr(memory: MemoryPorts, alice: SignedIn) -> None:
    key = await create_api_key(Identity(alice.user, alice.session), "CI", ports=memory)
    shown = [
        Credentials(alice.user.id, "the-hash", NOW),
        Password("the-password"),
        OneTimeToken(Purpose.RESET, "the-digest", alice.user.id, None, NOW, NOW),
        RecoveryCode(alice.user.id, "the-digest", NOW),
        key,
        alice,
    ]
    for secret in ("the-hash", "the-password", "the-digest", key.secret, alice.token):
        assert secret not in repr(shown)


async def test_nobody_is_identified_by_the_session_of_somebody_else(
    memory: MemoryPorts, alice: SignedIn, bob: SignedIn
) -> None:
    for theirs, other in ((alice, bob), (bob, alice)):
        claims = memory.tokens.read(theirs.token)
        forged = memory.tokens.issue(attrs.evolve(claims, user_id=other.user.id))
        with pytest.raises(InvalidTokenError):
            await identify(forged, ports=memory)


async def test_nobody_ends_the_session_of_somebody_else(memory: MemoryPorts, alice: SignedIn, bob: SignedIn) -> None:
    for theirs, other in ((alice, bob), (bob, alice)):
        with pytest.raises(NotFoundError):
            await end_session(Identity(theirs.user, theirs.session), other.session.id, ports=memory)
    assert await identify(alice.token, ports=memory)
    assert await identify(bob.token, ports=memory)


async def test_no_admin_acts_through_the_session_of_another(memory: MemoryPorts) -> None:
    sessions: list[tuple[User, Session]] = []
    for email in ("one@example.com", "two@example.com"):
        await create_user(Actor.operator(), "Admin", email, "secret", is_admin=True, ports=memory)
        signed_in = await log_in(email, "secret", ports=memory)
        sessions.append((signed_in.user, signed_in.session))
    (one, session_of_one), (two, session_of_two) = sessions
    for user, session in ((one, session_of_two), (two, session_of_one)):
        with pytest.raises(InvalidTokenError):
            await change_user(Actor(user.id, session.id), one.id, {"plan": "Growth"}, ports=memory)


def test_the_limits_are_those_that_are_promised() -> None:
    limits = attrs.asdict(Limits(), recurse=False)
    assert {name: (limit.name, limit.count, limit.period) for name, limit in limits.items()} == {
        "log_in": ("login", 10, MINUTE),
        "log_in_account": ("login-account", 30, HOUR),
        "log_in_client": ("login-client", 60, MINUTE),
        "sign_up": ("signup", 100, HOUR),
        "forgot": ("forgot", 100, HOUR),
        "reset": ("reset", 100, HOUR),
        "change_password": ("change-password", 30, HOUR),
        "login_code": ("login-code", 100, HOUR),
        "login_code_confirm": ("login-code-confirm", 100, HOUR),
        "passkey_options": ("passkey-options", 600, HOUR),
        "passkey": ("passkey", 100, HOUR),
        "refresh": ("refresh", 1000, HOUR),
    }


@pytest.mark.parametrize(("wait", "seconds"), [(-5.0, 1), (0.0, 1), (0.2, 1), (1.0, 1), (1.2, 2), (60.0, 60)])
def test_who_has_to_wait_is_told_whole_seconds(wait: float, seconds: int) -> None:
    refusal = Refusal(RateLimit("login", 1, MINUTE), NOW + timedelta(seconds=wait))
    error = TooManyRequestsError(refusal, NOW)
    assert (error.retry_after, error.reason) == (seconds, refusal.limit.name)


@pytest.mark.parametrize("limited", ["log_in", "log_in_client", "log_in_account"])
async def test_a_right_password_takes_back_what_was_counted_whichever_limits_there_are(limited: str) -> None:
    limits = attrs.evolve(Limits.none(), **{limited: RateLimit(limited, 2, HOUR)})
    memory = memory_ports(policy=Policy(limits=limits))
    await sign_up("Alice", "alice@example.com", "secret", HOME, ports=memory)
    for _ in range(6):
        assert await log_in("alice@example.com", "secret", HOME, ports=memory)


@pytest.mark.parametrize(("passed", "is_known"), [(30 * DAY - MINUTE, True), (30 * DAY, False)])
async def test_a_client_is_remembered_for_thirty_days(passed: timedelta, is_known: bool) -> None:
    limits = attrs.evolve(Limits.none(), log_in_account=RateLimit("login-account", 1, HOUR))
    memory = memory_ports(policy=Policy(limits=limits))
    await sign_up("Alice", "alice@example.com", "secret", HOME, ports=memory)
    await log_in("alice@example.com", "secret", HOME, ports=memory)
    memory.clock.instant += passed
    with pytest.raises(InvalidCredentialsError):
        await log_in("alice@example.com", "wrong", Client("203.0.113.9"), ports=memory)
    if is_known:
        assert await log_in("alice@example.com", "secret", HOME, ports=memory)
    else:
        with pytest.raises(TooManyRequestsError):
            await log_in("alice@example.com", "secret", HOME, ports=memory)


async def test_work_is_tried_four_times(memory: MemoryPorts) -> None:
    tries = 0

    async def collide(transaction: Transaction) -> None:
        nonlocal tries
        tries += 1
        raise ConcurrencyError("deadlock")

    with pytest.raises(ConcurrencyError):
        await run_in_transaction(memory.unit_of_work, collide)
    assert tries == 4


def test_a_delivery_counts_every_mail_once() -> None:
    assert DeliveryReport(sent=3, delayed=5, dead=6, dropped=7).total == 21


async def test_one_round_goes_on_after_it_dropped_as_many_as_it_can_at_once(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    for number in range(250):
        await request_password_reset(f"nobody-{number}@example.com", Client(), ports=memory)
    memory.clock.advance(seconds=1)
    await request_password_reset("alice@example.com", Client(), ports=memory)
    delivery = await deliver_due_mails(ports=memory, limit=1000)
    assert (delivery.dropped, delivery.sent) == (250, 1)


async def test_a_limit_of_links_that_was_lowered_holds_for_who_is_beyond_it(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    lowered = attrs.evolve(memory, policy=Policy(reset_mails=2))
    for ports, sent in ((memory, 1), (memory, 1), (memory, 1), (lowered, 0)):
        await request_password_reset("alice@example.com", Client(), ports=ports)
        assert (await deliver_due_mails(ports=ports)).sent == sent


@pytest.mark.parametrize("length", [45, 46])
def test_an_ip_is_kept_up_to_45_characters(length: int) -> None:
    assert len(Client(ip="1" * length).ip) == 45


@pytest.mark.parametrize("length", [256, 257])
def test_a_user_agent_is_kept_up_to_256_characters(length: int) -> None:
    assert len(Client(user_agent="a" * length).user_agent) == 256


async def test_a_purge_counts_all_that_it_removed(memory: MemoryPorts) -> None:
    for number in range(3):
        await sign_up("Alice", f"alice-{number}@example.com", "secret", HOME, ports=memory)
    memory.clock.advance(days=8)
    assert await purge(ports=memory) == 3 + 1, "three sessions, and one client's counter"
    assert await purge(ports=memory) == 0


@pytest.mark.parametrize(
    ("failure", "kept"), [(MailRefusedError("no such mailbox"), 30 * DAY), (None, 7 * DAY)], ids=["dead", "sent"]
)
async def test_a_mail_is_kept_for_a_while_after_its_end(
    memory: MemoryPorts, alice: SignedIn, failure: Exception | None, kept: timedelta
) -> None:
    memory.mailer.failure = failure
    await request_password_reset("alice@example.com", HOME, ports=memory)
    await deliver_due_mails(ports=memory)
    memory.clock.instant += kept
    await purge(ports=memory)
    assert len(await list_mails(ports=memory)) == 1
    memory.clock.advance(microseconds=1)
    await purge(ports=memory)
    assert await list_mails(ports=memory) == []


def test_a_mail_does_not_show_its_secret() -> None:
    mail = SecretMail(
        "m_1", MailKind.RESET_LINK, EmailAddress("a@example.com", "a@example.com"), "the-secret", NOW, HOUR
    )
    assert "the-secret" not in repr(mail)


@pytest.mark.parametrize(("late", "state"), [(-MINUTE, "queued"), (0 * MINUTE, "dead"), (DAY, "dead")])
def test_a_mail_that_fails_after_three_days_is_given_up(late: timedelta, state: str) -> None:
    mail = QueuedMail.new("m_1", MailRequest(MailKind.RESET_LINK, "a@example.com"), NOW)
    assert mail.failed(NOW + 3 * DAY + late, "away", 0.0).state.value == state


@pytest.mark.parametrize("limit", [1, 2, 3, 20, 99])
def test_one_entry_more_than_a_page_is_looked_for(limit: int) -> None:
    assert requested_page(limit, None).limit_with_next == limit + 1


async def test_a_page_has_twenty_entries_unless_told_otherwise(memory: MemoryPorts) -> None:
    for number in range(22):
        await sign_up("Alice", f"alice-{number}@example.com", "secret", ports=memory)
    page = await list_users(Actor.operator(), ports=memory)
    assert len(page.entries) == 20


@pytest.mark.parametrize(("length", "is_good"), [(1, True), (50, True), (51, False)])
def test_a_plan_has_up_to_50_characters(length: int, is_good: bool) -> None:
    if is_good:
        assert parse_plan("x" * length) == "x" * length
    else:
        with pytest.raises(BadFieldError):
            parse_plan("x" * length)


@pytest.mark.parametrize(("controls", "kept"), [(0, 5), (15, 5), (18, 2), (20, 0)])
def test_no_more_than_four_times_the_length_is_looked_through(controls: int, kept: int) -> None:
    assert without_controls("\n" * controls + "a" * 9, 5) == "a" * kept


@pytest.mark.parametrize(("length", "is_good"), [(254, True), (255, False)])
def test_a_search_has_up_to_254_characters(length: int, is_good: bool) -> None:
    if is_good:
        assert parse_search("x" * length)
    else:
        with pytest.raises(InvalidPageError):
            parse_search("x" * length)


@pytest.mark.parametrize(
    ("name", "search", "found"),
    [("ANNA", "anna", True), ("ÄNNE", "änne", True), ("\u212aim", "kim", False), ("\u0130da", "i\u0307da", False)],
)
def test_letter_case_does_not_matter_where_it_goes_there_and_back(name: str, search: str, found: bool) -> None:
    user = User(UserId("u_1"), name, EmailAddress("x@example.com", "x@example.com"), NOW)
    assert is_found(user, parse_search(search)) is found


def _records(*password_hashes: str) -> list[dict[str, object]]:
    return [
        {"name": "Alice", "email": f"alice-{number}@example.com", "password_hash": password_hash}
        for number, password_hash in enumerate(password_hashes)
    ]


@pytest.mark.parametrize("other", ["cheap$1$1", "cheap$1$3"])
async def test_an_import_with_another_hash_is_not_the_same_again(memory: MemoryPorts, other: str) -> None:
    assert [each.fate for each in await import_users(_records("cheap$1$2"), ports=memory)] == [ImportFate.ADDED]
    fates = [each.fate for each in await import_users(_records(other), ports=memory)]
    assert fates == [ImportFate.REFUSED]


async def test_an_import_is_tried_once_more_for_each_account(memory: MemoryPorts) -> None:
    tries = 0

    class Colliding:
        @asynccontextmanager
        async def __call__(self) -> AsyncIterator[Transaction]:
            nonlocal tries
            tries += 1
            if tries:
                raise ConcurrencyError("somebody signed up")
            async with memory.unit_of_work() as transaction:
                yield transaction

        def snapshot(self) -> AbstractAsyncContextManager[Repositories]:
            return memory.unit_of_work.snapshot()

    ports = attrs.evolve(memory, unit_of_work=Colliding())  # type: ignore[arg-type]
    with pytest.raises(ConcurrencyError):
        await import_users(_records(*["cheap$1$2"] * 5), ports=ports)
    assert tries == 4 + 5
