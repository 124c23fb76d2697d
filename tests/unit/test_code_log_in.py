"""Logging in with a mailed code, in memory."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import Mailbox, MemoryPorts, MemoryUnitOfWork
from leadnator_auth.domain import (
    AccountSuspendedError,
    Actor,
    AuthenticationMethod,
    Challenge,
    Client,
    EmailVerification,
    EventType,
    Identity,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidFieldsError,
    Limits,
    MailDelayedError,
    MasterKeys,
    MissingFieldsError,
    NotFoundError,
    OutgoingMail,
    Purpose,
    SecretMail,
    SignedIn,
    TooManyRequestsError,
    UnavailableError,
    change_password,
    change_user,
    delete_user,
    deliver_due_mails,
    list_mails,
    log_in,
    log_in_with_code,
    purge,
    request_login_code,
    request_password_reset,
    retry_mails,
    sign_up,
)
from leadnator_auth.domain.ports import Repositories

EMAIL = "alice@example.com"
OPERATOR = Actor.operator()
HOME, ELSEWHERE = Client("192.0.2.1"), Client("198.51.100.7")
WORD = "login_code"


@pytest.fixture
def world(memory: MemoryPorts) -> MemoryPorts:
    """A world in which log-in by code is on."""
    return attrs.evolve(memory, policy=attrs.evolve(memory.policy, email_code_login=True))


@pytest.fixture
async def alice(world: MemoryPorts) -> SignedIn:
    return await sign_up("Alice", EMAIL, "secret", ports=world)


async def codes(world: MemoryPorts) -> list[str]:
    """Returns the codes that were mailed, oldest first."""
    await deliver_due_mails(ports=world)
    return [mail.secret for mail in world.mailer.login_codes]


async def asked(world: MemoryPorts, email: str = EMAIL) -> tuple[Challenge, str]:
    """Returns a new challenge, and the code that was mailed for it."""
    challenge = await request_login_code(email, HOME, ports=world)
    return challenge, (await codes(world))[-1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


async def refused(world: MemoryPorts, challenge: object, code: object) -> bool:
    try:
        await log_in_with_code(challenge, code, HOME, ports=world)
    except InvalidCodeError:
        return True
    return False


async def test_whoever_has_the_mail_logs_in(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    assert challenge.secret not in repr(challenge)
    assert len(code) == 6
    assert code.isascii()
    assert code.isdecimal()
    world.clock.advance(minutes=9)
    signed_in = await log_in_with_code(challenge.secret, code, ELSEWHERE, ports=world)
    session = signed_in.session
    assert (signed_in.user.id, session.client) == (alice.user.id, ELSEWHERE)
    assert (session.amr, session.authenticated_at) == ((AuthenticationMethod.ONE_TIME_CODE,), world.clock.now())
    assert AuthenticationMethod.ONE_TIME_CODE.value == "otp"


async def test_a_code_with_the_blanks_that_people_bring_along_will_do(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    assert await log_in_with_code(challenge.secret, f" {code[:3]}\u00a0{code[3:]}\n", HOME, ports=world)


async def test_a_challenge_works_once(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    await log_in_with_code(challenge.secret, code, HOME, ports=world)
    assert await refused(world, challenge.secret, code)


async def test_of_sixteen_right_answers_at_once_one_gets_in(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    outcomes = await asyncio.gather(*(refused(world, challenge.secret, code) for _ in range(16)))
    assert Counter(outcomes) == {False: 1, True: 15}


async def test_after_five_wrong_guesses_the_right_one_is_refused(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    for _ in range(5):
        assert await refused(world, challenge.secret, wrong(code))
    assert await refused(world, challenge.secret, code)


async def test_the_fifth_guess_may_be_the_right_one(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    for _ in range(4):
        assert await refused(world, challenge.secret, wrong(code))
    assert not await refused(world, challenge.secret, code)


async def test_of_sixteen_guesses_at_once_five_are_looked_at(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    guesses = [wrong(code)] * 15 + [code]
    outcomes = await asyncio.gather(*(refused(world, challenge.secret, guess) for guess in guesses))
    assert all(outcomes), "the right one came sixteenth"
    (token,) = [each for each in world.unit_of_work.tables.one_time_tokens.values() if each.tries_left == 0][:1]
    assert token.used_at is None


@pytest.mark.parametrize("given", ["12345", "1234567", "abcdef", "١٢٣٤٥٦", "²³", "-1", "0x1f40"])
async def test_what_is_no_code_is_a_wrong_one(world: MemoryPorts, alice: SignedIn, given: str) -> None:
    challenge, _ = await asked(world)
    assert await refused(world, challenge.secret, given)


@pytest.mark.parametrize(
    "given", ["code_", "code_" + "A" * 43, "code_" + "A" * 44, "reset_" + "A" * 43, "☕", "x" * 9999]
)
async def test_what_is_no_challenge_is_refused(world: MemoryPorts, alice: SignedIn, given: str) -> None:
    _, code = await asked(world)
    assert await refused(world, given, code)


async def test_a_code_works_for_its_own_challenge_alone(world: MemoryPorts, alice: SignedIn) -> None:
    first, code = await asked(world)
    second, other = await asked(world)
    assert code != other
    assert await refused(world, second.secret, code)
    assert await refused(world, first.secret, other)
    assert not await refused(world, first.secret, code)


async def test_a_code_of_somebody_else_opens_nothing(world: MemoryPorts, alice: SignedIn) -> None:
    await sign_up("Bob", "bob@example.com", "secret", ports=world)
    challenge, _ = await asked(world)
    _, code_of_bob = await asked(world, "bob@example.com")
    assert await refused(world, challenge.secret, code_of_bob)


async def test_after_ten_minutes_it_is_over_to_the_microsecond(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    assert challenge.expires_at == world.clock.now() + timedelta(minutes=10)
    world.clock.advance(minutes=10)
    assert await refused(world, challenge.secret, code)
    world.clock.advance(microseconds=-1)
    assert not await refused(world, challenge.secret, code)


async def test_what_waited_is_told_how_long_it_still_works(world: MemoryPorts, alice: SignedIn) -> None:
    challenge = await request_login_code(EMAIL, ports=world)
    world.clock.advance(minutes=4, seconds=30)
    await deliver_due_mails(ports=world)
    (mail,) = world.mailer.login_codes
    assert (mail.expires_at, mail.lifetime) == (challenge.expires_at, timedelta(minutes=5, seconds=30))


async def test_nobody_is_mailed_a_code_that_is_over_and_younger_ones_are_sent(
    world: MemoryPorts, alice: SignedIn
) -> None:
    await request_login_code(EMAIL, ports=world)
    world.clock.advance(minutes=10)
    challenge = await request_login_code(EMAIL, ports=world)
    report = await deliver_due_mails(ports=world)
    assert (report.sent, report.dropped) == (1, 1)
    assert not await refused(world, challenge.secret, world.mailer.login_codes[0].secret)


async def test_an_unknown_address_gets_a_challenge_that_nothing_answers(world: MemoryPorts) -> None:
    challenge = await request_login_code("nobody@example.com", ports=world)
    assert await codes(world) == []
    for guess in range(7):
        assert await refused(world, challenge.secret, f"{guess:06}")
    assert challenge.secret.startswith("code_")
    assert len(challenge.secret) == len((await request_login_code(EMAIL, ports=world)).secret)


async def test_a_code_that_was_never_mailed_opens_nothing(world: MemoryPorts, alice: SignedIn) -> None:
    """Or else whoever asks for many challenges would have many guesses."""
    challenge = await request_login_code(EMAIL, ports=world)
    (mail,) = await list_mails(ports=world)
    number = int.from_bytes(world.code_keys.derive(f"{WORD}:{mail.id}"))
    code = f"{number % 10**6:06}"
    assert await refused(world, challenge.secret, code)
    assert await codes(world) == [code]
    assert not await refused(world, challenge.secret, code)


async def test_five_codes_an_hour_are_mailed(world: MemoryPorts, alice: SignedIn) -> None:
    for _ in range(8):
        await request_login_code(EMAIL, ports=world)
        await codes(world)
    assert len(world.mailer.login_codes) == 5
    world.clock.advance(hours=1)
    challenge, code = await asked(world)
    assert len(world.mailer.login_codes) == 6
    assert not await refused(world, challenge.secret, code)


async def test_links_and_codes_have_a_limit_each(world: MemoryPorts, alice: SignedIn) -> None:
    for _ in range(6):
        await request_login_code(EMAIL, ports=world)
        await request_password_reset(EMAIL, ports=world)
    await deliver_due_mails(ports=world)
    assert (len(world.mailer.login_codes), len(world.mailer.reset_links)) == (5, 5)


async def test_a_mail_that_has_to_be_sent_again_has_the_same_code(world: MemoryPorts, alice: SignedIn) -> None:
    """And each attempt that may have arrived counts."""
    challenge = await request_login_code(EMAIL, ports=world)
    seen: list[str] = []

    class Late(Mailbox):
        async def send(self, mail: OutgoingMail) -> None:
            assert isinstance(mail, SecretMail)
            seen.append(mail.secret)
            raise MailDelayedError("no answer", may_have_arrived=True)

    late = attrs.evolve(world, mailer=Late())
    for _ in range(5):
        await deliver_due_mails(ports=late)
        world.clock.advance(minutes=1)
    assert len(seen) == 5
    assert len(set(seen)) == 1
    world.clock.advance(minutes=2)
    await deliver_due_mails(ports=world)
    assert world.mailer.login_codes == [], "five of the hour may have arrived"
    assert not await refused(world, challenge.secret, seen[0])


async def test_an_attempt_that_went_nowhere_does_not_count(world: MemoryPorts, alice: SignedIn) -> None:
    challenge = await request_login_code(EMAIL, ports=world)
    world.mailer.failure = UnavailableError()
    for _ in range(6):
        await deliver_due_mails(ports=world)
        world.clock.advance(minutes=1)
    assert not any(token.purpose is Purpose.MAILED_CODE for token in world.unit_of_work.tables.one_time_tokens.values())
    world.mailer.failure = None
    (code,) = await codes(world)
    assert not await refused(world, challenge.secret, code)


async def test_a_key_that_is_put_before_the_old_one_changes_no_code(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    exchanged = attrs.evolve(world, code_keys=MasterKeys(["another key of more than 32 bytes", *world.code_keys.keys]))
    assert not await refused(exchanged, challenge.secret, code)


async def test_a_key_that_is_gone_takes_its_codes_along(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    exchanged = attrs.evolve(world, code_keys=MasterKeys(["another key of more than 32 bytes"]))
    assert await refused(exchanged, challenge.secret, code)
    late = attrs.evolve(world, mailer=world.mailer)
    world.mailer.failure = MailDelayedError("no answer", may_have_arrived=True)
    await request_login_code(EMAIL, ports=late)
    await deliver_due_mails(ports=late)
    world.mailer.failure = None
    world.clock.advance(minutes=1)
    report = await deliver_due_mails(ports=exchanged)
    assert (report.sent, report.dropped) == (0, 1), "nobody is mailed a code that does not work"


async def test_what_is_kept_gives_no_code_and_no_challenge_away(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    tables = attrs.asdict(world.unit_of_work.tables)
    assert challenge.secret not in str(tables)
    assert f"'{code}'" not in str(tables)
    other = attrs.evolve(world, code_keys=MasterKeys(["whoever has a copy has no such key"]))
    mail_id = (await list_mails(ports=world))[0].id
    assert f"{int.from_bytes(other.code_keys.derive(f'{WORD}:{mail_id}')) % 10**6:06}" != code


async def test_what_counts_the_mails_with_codes_is_nothing_that_could_be_spent(
    world: MemoryPorts, alice: SignedIn
) -> None:
    await request_login_code(EMAIL, HOME, ports=world)
    await deliver_due_mails(ports=world)
    async with world.unit_of_work() as transaction:
        tokens = await transaction.one_time_tokens.of_user(alice.user.id, 9)
        (counted,) = [token for token in tokens if token.purpose is Purpose.MAILED_CODE]
        assert await transaction.one_time_tokens.spend_try(counted.digest, world.clock.now()) is None


async def test_a_code_proves_the_address(world: MemoryPorts) -> None:
    strict = attrs.evolve(
        world, policy=attrs.evolve(world.policy, email_verification=EmailVerification.REQUIRED, email_code_login=True)
    )
    alice = await sign_up("Alice", EMAIL, "secret", ports=strict)
    challenge, code = await asked(strict)
    signed_in = await log_in_with_code(challenge.secret, code, HOME, ports=strict)
    assert signed_in.user.is_email_verified
    assert (await log_in(EMAIL, "secret", HOME, ports=strict)).user.is_email_verified
    events = [event.type for event in world.unit_of_work.tables.events.values() if event.user_id == alice.user.id]
    assert events[2:4] == [EventType.USER_EMAIL_VERIFIED, EventType.SESSION_STARTED]
    again, code = await asked(strict)
    await log_in_with_code(again.secret, code, HOME, ports=strict)
    assert [each.type for each in world.unit_of_work.tables.events.values()].count(EventType.USER_EMAIL_VERIFIED) == 1


async def test_a_suspended_account_gets_no_code_and_lets_nobody_in(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    await change_user(OPERATOR, alice.user.id, {"status": "suspended"}, ports=world)
    assert await refused(world, challenge.secret, wrong(code)), "only the right code is told"
    with pytest.raises(AccountSuspendedError):
        await log_in_with_code(challenge.secret, code, HOME, ports=world)
    await request_login_code(EMAIL, ports=world)
    assert await codes(world) == [code]
    await change_user(OPERATOR, alice.user.id, {"status": "active"}, ports=world)
    assert await refused(world, challenge.secret, code), "a suspension voids all that was mailed"


async def test_a_code_of_an_account_of_the_past_opens_nothing(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    await delete_user(OPERATOR, alice.user.id, ports=world)
    again = await sign_up("Mallory", EMAIL, "secret", ports=world)
    assert await refused(world, challenge.secret, code)
    assert not again.user.is_email_verified


async def test_a_new_password_voids_the_code(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    await change_password(Identity(alice.user, alice.session), "secret", "new-secret", ports=world)
    assert await refused(world, challenge.secret, code)


async def test_a_mail_whose_code_is_void_is_not_sent_again(world: MemoryPorts, alice: SignedIn) -> None:
    world.mailer.failure = MailDelayedError("no answer", may_have_arrived=True)
    await request_login_code(EMAIL, ports=world)
    await deliver_due_mails(ports=world)
    world.mailer.failure = None
    await change_password(Identity(alice.user, alice.session), "secret", "new-secret", ports=world)
    world.clock.advance(minutes=1)
    await deliver_due_mails(ports=world)
    assert world.mailer.login_codes == []


async def test_where_it_is_off_there_is_no_such_thing(memory: MemoryPorts, world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    without_keys = attrs.evolve(world, code_keys=MasterKeys())
    waiting = await request_login_code(EMAIL, ports=world)
    for off in (memory, without_keys):
        with pytest.raises(NotFoundError):
            await request_login_code(EMAIL, ports=off)
        with pytest.raises(NotFoundError):
            await log_in_with_code(challenge.secret, code, ports=off)
    report = await deliver_due_mails(ports=memory)
    assert (report.sent, report.dropped) == (0, 1), f"{waiting} is of no use"


async def test_fields_are_checked_all_at_once(world: MemoryPorts) -> None:
    with pytest.raises(MissingFieldsError) as caught:
        await log_in_with_code(None, "", ports=world)
    assert [error.field for error in caught.value.errors] == ["challenge", "code"]
    with pytest.raises(InvalidFieldsError):
        await log_in_with_code("code_x", 123456, ports=world)
    with pytest.raises(InvalidFieldsError):
        await request_login_code("alice", ports=world)


async def test_one_client_asks_for_so_many_codes_and_uses_as_many_as_it_likes(
    world: MemoryPorts, alice: SignedIn
) -> None:
    world.clock.advance(days=1)
    for _ in range(99):
        await request_login_code("nobody@example.com", HOME, ports=world)
    challenge, code = await asked(world)
    with pytest.raises(TooManyRequestsError) as caught:
        await request_login_code(EMAIL, HOME, ports=world)
    assert caught.value.limit.name == "login-code"
    await request_login_code(EMAIL, ELSEWHERE, ports=world)
    await log_in_with_code(challenge.secret, code, HOME, ports=world)
    assert await request_login_code(EMAIL, HOME, ports=world), "what was used is given back"


async def test_one_client_guesses_so_often(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    for _ in range(100):
        assert await refused(world, "code_" + "A" * 43, "000000")
    with pytest.raises(TooManyRequestsError) as caught:
        await log_in_with_code(challenge.secret, code, HOME, ports=world)
    assert caught.value.limit.name == "login-code-confirm"
    assert await log_in_with_code(challenge.secret, code, ELSEWHERE, ports=world)


async def test_wrong_codes_keep_nobody_out_and_a_right_one_lets_the_owner_in_again(
    world: MemoryPorts, alice: SignedIn
) -> None:
    for _ in range(5):
        challenge, code = await asked(world)
        for _ in range(5):
            assert await refused(world, challenge.secret, wrong(code))
    assert await log_in(EMAIL, "secret", HOME, ports=world)
    world.clock.advance(hours=1)
    for number in range(30):
        with pytest.raises(InvalidCredentialsError):
            await log_in(EMAIL, "wrong", Client(f"203.0.113.{number}"), ports=world)
    with pytest.raises(TooManyRequestsError):
        await log_in(EMAIL, "secret", ELSEWHERE, ports=world)
    challenge, code = await asked(world)
    await log_in_with_code(challenge.secret, code, ELSEWHERE, ports=world)
    assert await log_in(EMAIL, "secret", ELSEWHERE, ports=world)


async def test_a_code_refused_says_for_the_log_whose_it_was(world: MemoryPorts, alice: SignedIn) -> None:
    challenge, code = await asked(world)
    with pytest.raises(InvalidCodeError) as caught:
        await log_in_with_code(challenge.secret, wrong(code), ports=world)
    assert caught.value.user_id == alice.user.id
    assert str(caught.value) == InvalidCodeError.message


async def test_what_is_over_is_cleared_away(world: MemoryPorts, alice: SignedIn) -> None:
    await asked(world)
    await request_login_code("nobody@example.com", ports=world)
    assert len(world.unit_of_work.tables.one_time_tokens) == 3
    world.clock.advance(minutes=70, seconds=1)
    await purge(ports=world)
    assert world.unit_of_work.tables.one_time_tokens == {}


async def test_what_is_tried_again_by_hand_too_late_is_dropped(world: MemoryPorts, alice: SignedIn) -> None:
    world.mailer.failure = UnavailableError()
    await request_login_code(EMAIL, ports=world)
    await deliver_due_mails(ports=world)
    world.clock.advance(minutes=11)
    world.mailer.failure = None
    assert await retry_mails(ports=world) == 1
    assert await codes(world) == []
    assert await list_mails(ports=world) == []


async def test_without_limits_nothing_is_counted(world: MemoryPorts, alice: SignedIn) -> None:
    free = attrs.evolve(world, policy=attrs.evolve(world.policy, limits=Limits.none()))
    challenge, code = await asked(free)
    assert await log_in_with_code(challenge.secret, code, HOME, ports=free)


class Meanwhile(MemoryUnitOfWork):
    """Lets something happen right after whatever is only looked at."""

    act: Callable[[], Awaitable[object]] | None = None

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Repositories]:
        async with super()._snapshot() as repositories:
            yield repositories
        act, self.act = self.act, None
        if act is not None:
            await act()


async def test_an_account_that_is_removed_while_its_code_is_looked_at_lets_nobody_in(
    world: MemoryPorts, alice: SignedIn
) -> None:
    challenge, code = await asked(world)
    store = Meanwhile(world.unit_of_work.tables)
    racing = attrs.evolve(world, unit_of_work=store)
    store.act = lambda: delete_user(OPERATOR, alice.user.id, ports=racing)
    assert await refused(racing, challenge.secret, code)
    assert (store.tables.users, store.tables.sessions) == ({}, {})
