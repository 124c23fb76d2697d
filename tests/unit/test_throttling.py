"""Guessing is slowed down, and the owner is not locked out."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import attrs
import pytest

from leadnator_auth.adapters.memory import MemoryPorts, memory_ports
from leadnator_auth.domain import (
    Actor,
    Client,
    Identity,
    InvalidCredentialsError,
    InvalidResetTokenError,
    Limits,
    Policy,
    RateLimit,
    SignedIn,
    TooManyRequestsError,
    change_password,
    change_user,
    delete_user,
    deliver_due_mails,
    identify,
    log_in,
    request_password_reset,
    reset_password,
    sign_up,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EMAIL, RIGHT, WRONG = "alice@example.com", "secret", "wrong-secret"
HOME = Client(ip="192.0.2.1")
ELSEWHERE = [Client(ip=f"203.0.113.{number}") for number in range(1, 200)]
LIMITS = Limits(
    log_in=RateLimit("login", 3, MINUTE),
    log_in_account=RateLimit("login-account", 6, HOUR),
    log_in_client=RateLimit("login-client", 10, MINUTE),
    sign_up=RateLimit("signup", 2, HOUR),
    forgot=RateLimit("forgot", 2, HOUR),
    reset=RateLimit("reset", 2, HOUR),
    change_password=RateLimit("change-password", 8, HOUR),
)


@pytest.fixture
def memory() -> MemoryPorts:
    """A world with small limits."""
    return memory_ports(policy=Policy(limits=LIMITS))


async def guess(memory: MemoryPorts, client: Client, email: str = EMAIL) -> str:
    """Returns what comes of a wrong password: "wrong", or the limit that was reached."""
    try:
        await log_in(email, WRONG, client, ports=memory)
    except InvalidCredentialsError:
        return "wrong"
    except TooManyRequestsError as error:
        return error.limit.name
    raise AssertionError("a wrong password got in")


async def guesses(memory: MemoryPorts, client: Client, count: int, email: str = EMAIL) -> list[str]:
    return [await guess(memory, client, email) for _ in range(count)]


async def owner_gets_in(memory: MemoryPorts, client: Client = HOME, password: str = RIGHT) -> bool:
    try:
        await log_in(EMAIL, password, client, ports=memory)
    except TooManyRequestsError:
        return False
    return True


async def mailed_secret(memory: MemoryPorts, client: Client) -> str:
    await request_password_reset(EMAIL, client, ports=memory)
    await deliver_due_mails(ports=memory)
    return memory.mailer.reset_links[-1].secret


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
async def test_guesses_from_one_client_are_refused_after_a_few(
    memory: MemoryPorts, alice: SignedIn, email: str
) -> None:
    assert await guesses(memory, HOME, 5, email) == ["wrong"] * 3 + ["login"] * 2


async def test_a_refused_guess_costs_no_hash(memory: MemoryPorts, alice: SignedIn) -> None:
    await guesses(memory, HOME, 3)
    memory.hasher.verified = 0
    assert await guess(memory, HOME) == "login"
    assert memory.hasher.verified == 0


async def test_the_right_password_works_again_after_the_window(memory: MemoryPorts, alice: SignedIn) -> None:
    await guesses(memory, HOME, 3)
    with pytest.raises(TooManyRequestsError) as refused:
        await log_in(EMAIL, RIGHT, HOME, ports=memory)
    assert refused.value.retry_after == 20
    memory.clock.advance(seconds=refused.value.retry_after)
    assert await owner_gets_in(memory)


async def test_guesses_from_many_clients_are_refused_too(memory: MemoryPorts, alice: SignedIn) -> None:
    outcomes = [await guess(memory, client) for client in ELSEWHERE[:9]]
    assert outcomes == ["wrong"] * 6 + ["login-account"] * 3


async def test_guesses_at_many_accounts_from_one_client_are_refused_too(memory: MemoryPorts) -> None:
    outcomes = [await guess(memory, HOME, f"user-{number}@example.com") for number in range(12)]
    assert outcomes == ["wrong"] * 10 + ["login-client"] * 2


async def test_nobody_can_lock_the_owner_out_from_elsewhere(memory: MemoryPorts, alice: SignedIn) -> None:
    assert await owner_gets_in(memory)
    for _ in range(30):
        for client in ELSEWHERE[:50]:
            await guess(memory, client)
        memory.clock.advance(hours=1, minutes=-1)
        assert await owner_gets_in(memory), "who logged in from here before gets in"


async def test_who_is_locked_out_gets_in_by_a_reset_while_others_still_guess(
    memory: MemoryPorts, alice: SignedIn
) -> None:
    for client in ELSEWHERE[:20]:
        await guess(memory, client)
    assert not await owner_gets_in(memory)
    await reset_password(await mailed_secret(memory, HOME), "new-secret", HOME, ports=memory)
    for client in ELSEWHERE[20:60]:
        await guess(memory, client)
    assert await owner_gets_in(memory, password="new-secret")


async def test_a_client_is_remembered_for_a_month(memory: MemoryPorts, alice: SignedIn) -> None:
    assert await owner_gets_in(memory)
    for days, known in ((29, True), (2, False)):
        memory.clock.advance(days=days)
        for client in ELSEWHERE[:10]:
            await guess(memory, client)
        assert (await guess(memory, HOME) == "wrong") is known


async def new_password_by_reset(memory: MemoryPorts, alice: SignedIn) -> None:
    await reset_password(await mailed_secret(memory, ELSEWHERE[-1]), RIGHT, ELSEWHERE[-1], ports=memory)


async def new_password(memory: MemoryPorts, alice: SignedIn) -> None:
    identity = await identify(alice.token, ports=memory)
    await change_password(identity, RIGHT, RIGHT, ELSEWHERE[-1], ports=memory)


async def suspension(memory: MemoryPorts, alice: SignedIn) -> None:
    for status in ("suspended", "active"):
        await change_user(Actor.operator(), alice.user.id, {"status": status}, ports=memory)


async def new_owner(memory: MemoryPorts, alice: SignedIn) -> None:
    await delete_user(Actor.operator(), alice.user.id, ports=memory)
    await sign_up("Alice", EMAIL, RIGHT, ports=memory)


@pytest.mark.parametrize("change", [new_password_by_reset, new_password, suspension, new_owner])
async def test_a_client_is_trusted_no_longer_than_the_password_it_knew(
    memory: MemoryPorts, alice: SignedIn, change: Callable[[MemoryPorts, SignedIn], Awaitable[None]]
) -> None:
    assert await owner_gets_in(memory)
    await change(memory, alice)
    for client in ELSEWHERE[:10]:
        await guess(memory, client)
    assert await guess(memory, HOME) == "login-account"


async def test_who_changes_the_password_stays_known(memory: MemoryPorts, alice: SignedIn) -> None:
    identity = await identify(alice.token, ports=memory)
    await change_password(identity, RIGHT, "new-secret", HOME, ports=memory)
    for client in ELSEWHERE[:10]:
        await guess(memory, client)
    assert await owner_gets_in(memory, password="new-secret")


@pytest.mark.parametrize("minutes", [0, 1, 3, 10])
async def test_who_shares_the_owners_network_is_refused_as_for_nobody(
    memory: MemoryPorts, alice: SignedIn, minutes: int
) -> None:
    """Otherwise the answers would tell which addresses have an account that is used from there."""
    assert await owner_gets_in(memory)
    other = memory_ports(policy=Policy(limits=LIMITS))
    told = []
    for world in (memory, other):
        answers = []
        for _ in range(30):
            answers.append(await guess(world, HOME))
            world.clock.advance(minutes=minutes)
        told.append(answers)
    assert told[0] == told[1]


async def test_guesses_from_the_owners_network_count_for_all_others(memory: MemoryPorts, alice: SignedIn) -> None:
    assert await owner_gets_in(memory)
    other = memory_ports(policy=Policy(limits=LIMITS))
    for world in (memory, other):
        await guesses(world, HOME, 3)
        world.clock.advance(minutes=1)
        await guesses(world, HOME, 3)
    told = [[await guess(world, client) for client in ELSEWHERE[:3]] for world in (memory, other)]
    assert told == [["login-account"] * 3] * 2


async def test_a_reset_gives_back_no_try_that_was_not_counted(memory: MemoryPorts, alice: SignedIn) -> None:
    for number in range(10):
        assert await guess(memory, HOME, f"user-{number}@example.com") == "wrong"
    await reset_password(await mailed_secret(memory, HOME), "new-secret", HOME, ports=memory)
    assert await guess(memory, HOME, "user-10@example.com") == "login-client"


async def test_the_right_password_takes_back_what_was_counted(memory: MemoryPorts, alice: SignedIn) -> None:
    for _ in range(20):
        assert await guesses(memory, HOME, 2) == ["wrong"] * 2
        assert await owner_gets_in(memory)
        memory.clock.advance(seconds=12)  # two wrong ones of ten a minute, for whatever account


async def test_many_who_log_in_well_behind_one_address_are_not_refused(memory: MemoryPorts, alice: SignedIn) -> None:
    for _ in range(100):
        assert await owner_gets_in(memory)


async def test_an_attacker_with_an_account_gains_no_guesses_by_logging_in(memory: MemoryPorts, alice: SignedIn) -> None:
    unlimited = attrs.evolve(memory, policy=Policy(limits=Limits.none()))
    await sign_up("Mallory", "mallory@example.com", "mallorys", ports=unlimited)
    outcomes = []
    for number in range(20):
        outcomes.append(await guess(memory, HOME, f"user-{number}@example.com"))
        with suppress(TooManyRequestsError):
            await log_in("mallory@example.com", "mallorys", HOME, ports=memory)
    assert outcomes.count("wrong") == 10


@pytest.mark.parametrize("network", ["2001:db8:1:2::/64"])
async def test_the_addresses_of_one_ipv6_network_are_one_client(
    memory: MemoryPorts, alice: SignedIn, network: str
) -> None:
    clients = [Client(ip=f"2001:db8:1:2:{number:x}::1") for number in range(5)]
    assert {client.network for client in clients} == {network}
    assert [await guess(memory, client) for client in clients] == ["wrong"] * 3 + ["login"] * 2


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("64:ff9b::192.0.2.1", "192.0.2.1"),
        ("64:ff9b::c000:202", "192.0.2.2"),
        ("64:ff9b:1::192.0.2.1", "192.0.2.1"),
        ("64:ff9b:1:7::192.0.2.1", "192.0.2.1"),
        ("::ffff:0:192.0.2.1", "192.0.2.1"),
        ("::192.0.2.1", "192.0.2.1"),
        ("2002:c000:0201::1", "192.0.2.1"),
        ("2002:c000:0201:ffff::9", "192.0.2.1"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdfe", "192.0.2.1"),
        ("::1", "::/64"),
        ("64:ff9b:2::192.0.2.1", "64:ff9b:2::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("somewhere", "somewhere"),
    ],
)
def test_a_client_is_counted_by_its_network(ip: str, network: str) -> None:
    assert Client(ip=ip).network == network


async def test_without_an_address_only_the_account_counts(memory: MemoryPorts, alice: SignedIn) -> None:
    assert await guesses(memory, Client(), 4) == ["wrong"] * 3 + ["login"]
    outcomes = [await guess(memory, Client(), f"user-{number}@example.com") for number in range(15)]
    assert outcomes == ["wrong"] * 15
    for number in range(5):
        await sign_up("Al", f"al-{number}@example.com", "secret", ports=memory)


async def test_somebody_without_an_address_is_never_remembered(memory: MemoryPorts, alice: SignedIn) -> None:
    await log_in(EMAIL, RIGHT, Client(), ports=memory)
    for client in ELSEWHERE[:6]:
        await guess(memory, client)
    assert await guess(memory, Client()) == "login-account"


async def test_a_stolen_session_is_no_way_to_guess_on(memory: MemoryPorts, alice: SignedIn) -> None:
    identity = Identity(alice.user, alice.session)
    outcomes = []
    for _ in range(5):
        try:
            await change_password(identity, WRONG, "new-secret", HOME, ports=memory)
        except (InvalidCredentialsError, TooManyRequestsError) as error:
            outcomes.append(error.code)
    assert outcomes == ["invalid_credentials"] * 3 + ["too_many_requests"] * 2
    assert await guess(memory, HOME) == "login"


async def test_changes_of_password_are_limited_even_by_who_knows_it(memory: MemoryPorts, alice: SignedIn) -> None:
    identity = Identity(alice.user, alice.session)
    password = RIGHT
    for number in range(8):
        await change_password(identity, password, f"secret-{number}", HOME, ports=memory)
        password = f"secret-{number}"
    with pytest.raises(TooManyRequestsError):
        await change_password(identity, password, "one-too-many", HOME, ports=memory)


async def test_signups_links_and_resets_of_one_client_are_limited(memory: MemoryPorts) -> None:
    async def sign_up_from(client: Client, number: int) -> None:
        await sign_up("Al", f"al-{number}{client.ip}@example.com", "secret", client, ports=memory)

    async def forgot_from(client: Client, number: int) -> None:
        await request_password_reset(f"al-{number}@example.com", client, ports=memory)

    async def reset_from(client: Client, number: int) -> None:
        with pytest.raises(InvalidResetTokenError):
            await reset_password("reset_" + "x" * 43, "new-secret", client, ports=memory)

    for act in (sign_up_from, forgot_from, reset_from):
        for number in range(2):
            await act(HOME, number)
        with pytest.raises(TooManyRequestsError) as refused:
            await act(HOME, 2)
        assert refused.value.retry_after == 1800
        await act(ELSEWHERE[0], 0)
        memory.clock.advance(seconds=1800)
        await act(HOME, 3)


async def test_what_is_refused_for_its_fields_is_not_counted(memory: MemoryPorts) -> None:
    from leadnator_auth.domain import MissingFieldsError

    for _ in range(10):
        with pytest.raises(MissingFieldsError):
            await sign_up("", "", "", HOME, ports=memory)
    await sign_up("Al", "al@example.com", "secret", HOME, ports=memory)


async def test_without_limits_nothing_is_counted(alice: SignedIn, memory: MemoryPorts) -> None:
    free = attrs.evolve(memory, policy=Policy(limits=Limits.none()))
    memory.rate_limits.empty_at.clear()
    assert await guesses(free, HOME, 50) == ["wrong"] * 50
    assert await owner_gets_in(free)
    assert memory.rate_limits.empty_at == {}


def test_no_limit_is_forgotten_in_none() -> None:
    assert set(attrs.asdict(Limits.none()).values()) == {None}


@pytest.mark.parametrize(
    ("ip", "shown"), [("::ffff:10.1.2.3", "10.1.2.3"), ("::FFFF:a01:203", "10.1.2.3"), ("x:ffff:y", "x:ffff:y")]
)
def test_an_address_is_shown_as_what_it_is(ip: str, shown: str) -> None:
    assert Client(ip).ip == shown
