"""Promises that hold when use cases meet, over every store: some run them at once, others one after the other."""

import asyncio

import pytest

from leadnator_auth.adapters.memory import Mailbox
from leadnator_auth.domain import (
    EmailTakenError,
    Identity,
    ImportFate,
    ImportOutcome,
    InvalidResetTokenError,
    LogOutScope,
    Password,
    Ports,
    SignedIn,
    change_password,
    deliver_due_mails,
    end_session,
    identify,
    import_users,
    list_sessions,
    log_in,
    log_out,
    purge,
    request_password_reset,
    reset_password,
    sign_up,
)
from leadnator_auth.domain.entities.mail import MailKind, MailRequest, QueuedMail
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import outcomes
from leadnator_auth.testing.contract.world import world_over

EMAIL = "alice@example.com"
SINGLE_USE = "of several at once one counts, and the others are told: `use` is one atomic step"
TURNS = "units that look up one user to change it take turns: lock with the look-up, or one writer at a time"


async def alice_in(world: Ports) -> SignedIn:
    return await sign_up("Alice", EMAIL, "first-password", ports=world)


async def links_for(world: Ports, count: int) -> list[str]:
    for _ in range(count):
        await request_password_reset(EMAIL, ports=world)
    delivery = await deliver_due_mails(ports=world)
    assert delivery.sent == count, "every mail that was queued and committed is leased and sent"
    assert isinstance(world.mailer, Mailbox), "`world` keeps the mailbox of `memory_ports`"
    return [link.secret for link in world.mailer.reset_links[-count:]]


@pytest.mark.asyncio
class RacesContract:
    """For a store as a whole. Fixture: `unit_of_work`, over an empty store.

    Optional: `world`, a complete set of ports with the store in it, to test its Identities and RateLimits along.
    """

    @pytest.fixture
    def world(self, unit_of_work: UnitOfWork) -> Ports:
        """A complete set of ports with the store in it; its mailbox is that of `memory_ports`."""
        return world_over(unit_of_work)

    async def test_one_of_twenty_resets_with_one_link_wins(self, world: Ports) -> None:
        await alice_in(world)
        (secret,) = await links_for(world, 1)
        tries = (reset_password(secret, f"password-{n}", ports=world) for n in range(20))
        assert await outcomes(*tries) == {"done": 1, "invalid_reset_token": 19}, SINGLE_USE

    async def test_one_of_the_resets_with_several_links_of_one_account_wins(self, world: Ports) -> None:
        """Each voids the links of the others: they must not wait for each other in a circle."""
        await alice_in(world)
        secrets = await links_for(world, 5)
        tries = (reset_password(secret, f"password-{n}", ports=world) for n, secret in enumerate(secrets))
        assert await outcomes(*tries) == {"done": 1, "invalid_reset_token": 4}, SINGLE_USE

    async def test_no_session_that_an_old_password_opened_outlives_a_reset(self, world: Ports) -> None:
        await alice_in(world)
        (secret,) = await links_for(world, 1)
        log_ins = [log_in(EMAIL, "first-password", ports=world) for _ in range(12)]
        reset = reset_password(secret, "second-password", ports=world)
        results = await asyncio.gather(*log_ins[:6], reset, *log_ins[6:], return_exceptions=True)
        assert not isinstance(results[6], BaseException), f"a reset does not fail for a log-in: {results[6]!r}"
        for opened in results:
            if isinstance(opened, SignedIn):
                outcome = await outcomes(identify(opened.token, ports=world))
                assert outcome == {"invalid_token": 1}, TURNS

    async def test_of_changes_with_one_old_password_one_counts(self, world: Ports) -> None:
        alice = await alice_in(world)
        identity = Identity(alice.user, alice.session)
        tries = (change_password(identity, "first-password", f"password-{n}", ports=world) for n in range(8))
        assert await outcomes(*tries) == {"done": 1, "invalid_credentials": 7}, TURNS

    async def test_a_change_and_a_reset_at_once_leave_one_password(self, world: Ports) -> None:
        alice = await alice_in(world)
        (secret,) = await links_for(world, 1)
        identity = Identity(alice.user, alice.session)
        results = await outcomes(
            change_password(identity, "first-password", "changed-password", ports=world),
            reset_password(secret, "reset-password", ports=world),
        )
        assert results["done"] == 1, TURNS
        tries = (
            log_in(EMAIL, password, ports=world)
            for password in ("first-password", "changed-password", "reset-password")
        )
        assert await outcomes(*tries) == {"done": 1, "invalid_credentials": 2}, "one password is left"

    async def test_senders_at_once_send_an_account_no_more_links_than_its_fill(self, world: Ports) -> None:
        await alice_in(world)
        async with world.unit_of_work() as transaction:
            for number in range(12):
                request = MailRequest(MailKind.RESET_LINK, EMAIL)
                await transaction.mail_queue.add(QueuedMail.new(f"m_{number}", request, world.clock.now()))
            await transaction.commit()
        deliveries = await asyncio.gather(*(deliver_due_mails(ports=world) for _ in range(6)))
        limit = world.policy.reset_mails
        assert sum(delivery.sent for delivery in deliveries) == limit, TURNS
        assert sum(delivery.dropped for delivery in deliveries) == 12 - limit, "what is over the fill is dropped"

    async def test_all_kinds_of_ends_at_once_end_everything_and_nobody_trips(self, world: Ports) -> None:
        alice = await alice_in(world)
        others = [await log_in(EMAIL, "first-password", ports=world) for _ in range(6)]
        identity = Identity(alice.user, alice.session)
        results = await outcomes(
            *(log_out(identity, LogOutScope.OTHERS, ports=world) for _ in range(4)),
            *(end_session(identity, other.session.id, ports=world) for other in others),
            *(log_out(Identity(other.user, other.session), ports=world) for other in others),
            *(purge(ports=world) for _ in range(3)),
        )
        assert results.keys() <= {"done", "not_found"}, "whoever comes late finds nothing to end, and nothing else"
        left = await list_sessions(identity, ports=world)
        assert [session.id for session in left] == [alice.session.id], "every other session ended, and no more"

    async def test_a_link_is_good_for_one_reset_whatever_else_goes_on(self, world: Ports) -> None:
        await alice_in(world)
        secrets = await links_for(world, 3)
        results = await outcomes(
            *(reset_password(secret, f"password-{n}", ports=world) for n, secret in enumerate(secrets)),
            *(log_in(EMAIL, "first-password", ports=world) for _ in range(5)),
            *(request_password_reset(EMAIL, ports=world) for _ in range(5)),
            *(purge(ports=world) for _ in range(3)),
            *(deliver_due_mails(ports=world) for _ in range(3)),
        )
        assert results[InvalidResetTokenError.code] == 2, SINGLE_USE
        assert results.keys() <= {"done", "invalid_reset_token", "invalid_credentials"}, "nobody else trips over it"

    async def test_accounts_that_are_imported_while_their_owners_sign_up_exist_once(self, world: Ports) -> None:
        emails = [f"user-{number}@example.com" for number in range(24)]
        import_outcomes, signed_up = await self._import_and_sign_up(world, emails)
        for email, outcome, newcomer in zip(emails, import_outcomes, signed_up, strict=True):
            was_imported = outcome.fate is ImportFate.ADDED
            assert was_imported == isinstance(newcomer, EmailTakenError), f"one of two gets an address: {newcomer!r}"
            password = "imported-password" if was_imported else "signed-up-password"
            assert await log_in(email, password, ports=world), "the account is that of the one who got it"

    async def _import_and_sign_up(self, world: Ports, emails: list[str]) -> tuple[list[ImportOutcome], list[object]]:
        old_hash = await world.hasher.hash(Password("imported-password"))
        records = [{"name": "Old", "email": email, "password_hash": old_hash} for email in emails]

        async def imported() -> list[ImportOutcome]:
            batches = [await import_users(records[at : at + 8], ports=world) for at in range(0, 24, 8)]
            return [outcome for batch in batches for outcome in batch]

        import_outcomes, *signed_up = await asyncio.gather(
            imported(),
            *(sign_up("New", email, "signed-up-password", ports=world) for email in reversed(emails)),
            return_exceptions=True,
        )
        assert isinstance(import_outcomes, list), f"an import does not fail for a sign-up: {import_outcomes!r}"
        return import_outcomes, list(reversed(signed_up))
