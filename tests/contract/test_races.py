"""What the use cases keep when they meet, over every store: PostgreSQL lets them run at once, the others do not."""

import asyncio
from collections import Counter
from collections.abc import Awaitable

from leadnator_auth.adapters.memory import Mailbox
from leadnator_auth.domain import (
    AuthError,
    EmailTakenError,
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
from leadnator_auth.domain.mail import MailKind, new_mail
from leadnator_auth.domain.session import Identity

EMAIL = "alice@example.com"


async def alice_in(ports: Ports) -> SignedIn:
    return await sign_up("Alice", EMAIL, "first-password", **ports.for_sign_in)


async def links_for(ports: Ports, count: int) -> list[str]:
    for _ in range(count):
        await request_password_reset(EMAIL, **ports.for_reset_request)
    assert (await deliver_due_mails(**ports.for_delivery)).sent == count
    assert isinstance(ports.mailer, Mailbox)
    return [link.secret for link in ports.mailer.reset_links[-count:]]


async def outcomes(*tries: Awaitable[object]) -> Counter[str]:
    """Counts what came of tries that were made at once: "done", or the code of the refusal."""
    results = await asyncio.gather(*tries, return_exceptions=True)
    unexpected = [each for each in results if isinstance(each, BaseException) and not isinstance(each, AuthError)]
    assert unexpected == []
    return Counter(each.code if isinstance(each, AuthError) else "done" for each in results)


async def test_one_of_sixteen_resets_with_one_link_wins(ports: Ports) -> None:
    await alice_in(ports)
    (secret,) = await links_for(ports, 1)
    tries = (reset_password(secret, f"password-{n}", **ports.for_reset) for n in range(16))
    assert await outcomes(*tries) == {"done": 1, "invalid_reset_token": 15}


async def test_one_of_the_resets_with_several_links_of_one_account_wins(ports: Ports) -> None:
    """Each voids the others' links: they must not wait for each other in a circle."""
    await alice_in(ports)
    secrets = await links_for(ports, 5)
    tries = (reset_password(secret, f"password-{n}", **ports.for_reset) for n, secret in enumerate(secrets))
    assert await outcomes(*tries) == {"done": 1, "invalid_reset_token": 4}


async def test_no_session_that_an_old_password_opened_outlives_a_reset(ports: Ports) -> None:
    await alice_in(ports)
    (secret,) = await links_for(ports, 1)
    log_ins = [log_in(EMAIL, "first-password", **ports.for_sign_in) for _ in range(12)]
    reset = reset_password(secret, "second-password", **ports.for_reset)
    results = await asyncio.gather(*log_ins[:6], reset, *log_ins[6:], return_exceptions=True)
    assert not isinstance(results[6], BaseException)
    for opened in results:
        if isinstance(opened, SignedIn):
            assert (await outcomes(identify(opened.token, **ports.for_identify))) == {"invalid_token": 1}


async def test_of_two_changes_with_one_old_password_one_counts(ports: Ports) -> None:
    alice = await alice_in(ports)
    identity = Identity(alice.user, alice.session)
    tries = (change_password(identity, "first-password", f"password-{n}", **ports.for_reset) for n in range(8))
    assert await outcomes(*tries) == {"done": 1, "invalid_credentials": 7}


async def test_a_change_and_a_reset_at_once_leave_one_password(ports: Ports) -> None:
    alice = await alice_in(ports)
    (secret,) = await links_for(ports, 1)
    identity = Identity(alice.user, alice.session)
    results = await outcomes(
        change_password(identity, "first-password", "changed-password", **ports.for_reset),
        reset_password(secret, "reset-password", **ports.for_reset),
    )
    assert results["done"] == 1
    tries = (
        log_in(EMAIL, password, **ports.for_sign_in)
        for password in ("first-password", "changed-password", "reset-password")
    )
    assert await outcomes(*tries) == {"done": 1, "invalid_credentials": 2}


async def test_senders_at_once_send_an_account_no_more_links_than_its_fill(ports: Ports) -> None:
    await alice_in(ports)
    async with ports.unit_of_work() as transaction:
        for number in range(12):
            mail = new_mail(f"m_{number}", MailKind.RESET_LINK, EMAIL, ports.clock.now())
            await transaction.mail_queue.add(mail)
        await transaction.commit()
    deliveries = await asyncio.gather(*(deliver_due_mails(**ports.for_delivery) for _ in range(6)))
    assert sum(delivery.sent for delivery in deliveries) == ports.policy.reset_mails
    assert sum(delivery.dropped for delivery in deliveries) == 12 - ports.policy.reset_mails


async def test_all_kinds_of_ends_at_once_end_everything_and_nobody_trips(ports: Ports) -> None:
    alice = await alice_in(ports)
    others = [await log_in(EMAIL, "first-password", **ports.for_sign_in) for _ in range(6)]
    identity = Identity(alice.user, alice.session)
    unit_of_work = ports.unit_of_work
    results = await outcomes(
        *(log_out(identity, LogOutScope.OTHERS, unit_of_work=unit_of_work) for _ in range(4)),
        *(end_session(identity, other.session.id, unit_of_work=unit_of_work) for other in others),
        *(log_out(Identity(other.user, other.session), unit_of_work=unit_of_work) for other in others),
        *(purge(**ports.for_purge) for _ in range(3)),
    )
    assert results.keys() <= {"done", "not_found"}
    assert [s.id for s in await list_sessions(identity, **ports.for_session_list)] == [alice.session.id]


async def test_a_link_is_good_for_one_reset_whatever_else_goes_on(ports: Ports) -> None:
    await alice_in(ports)
    secrets = await links_for(ports, 3)
    results = await outcomes(
        *(reset_password(secret, f"password-{n}", **ports.for_reset) for n, secret in enumerate(secrets)),
        *(log_in(EMAIL, "first-password", **ports.for_sign_in) for _ in range(5)),
        *(request_password_reset(EMAIL, **ports.for_reset_request) for _ in range(5)),
        *(purge(**ports.for_purge) for _ in range(3)),
        *(deliver_due_mails(**ports.for_delivery) for _ in range(3)),
    )
    assert results[InvalidResetTokenError.code] == 2
    assert results.keys() <= {"done", "invalid_reset_token", "invalid_credentials"}


async def test_accounts_that_are_imported_while_their_owners_sign_up_exist_once(ports: Ports) -> None:
    emails = [f"user-{number}@example.com" for number in range(24)]
    old_hash = await ports.hasher.hash(Password("imported-password"))
    records = [{"name": "Old", "email": email, "password_hash": old_hash} for email in emails]

    async def imported() -> list[ImportOutcome]:
        return [each for at in range(0, 24, 8) for each in await import_users(records[at : at + 8], **ports.for_import)]

    import_outcomes, *signed_up = await asyncio.gather(
        imported(),
        *(sign_up("New", email, "signed-up-password", **ports.for_sign_in) for email in reversed(emails)),
        return_exceptions=True,
    )
    assert isinstance(import_outcomes, list)
    for email, outcome, newcomer in zip(emails, import_outcomes, reversed(signed_up), strict=True):
        was_imported = outcome.fate is ImportFate.ADDED
        assert was_imported == isinstance(newcomer, EmailTakenError)
        password = "imported-password" if was_imported else "signed-up-password"
        assert await log_in(email, password, **ports.for_sign_in)
