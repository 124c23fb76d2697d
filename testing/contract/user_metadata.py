"""What the store of accounts must do with the metadata that others keep there, and with the mails to them."""

import attrs

from leadnator_auth.domain import JsonObject, User
from leadnator_auth.domain.entities.mail import MailKind, MailRequest, forgotten
from leadnator_auth.domain.ports import Expired, UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, in_snapshot, in_transaction
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_mail, a_user

METADATA = JsonObject.of(
    {"text": 'ü ☕ 🐈 \\ " \x01 \n', "numbers": [1, 1.0, -0.0, 1e308], "all": [True, False, None, {}]}
)
WHOLE = JsonObject.of({"a": "é" * 4092})
MANY = 700


async def metadata_of(unit_of_work: UnitOfWork, user: User) -> tuple[str, str] | None:
    kept = await in_snapshot(unit_of_work, lambda it: it.users.by_id(user.id))
    return (kept.user_metadata.text, kept.app_metadata.text) if kept else None


class UserMetadataContract(StoreContract):
    """For Users. Fixture: `unit_of_work`, over an empty store."""

    async def test_metadata_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork, alice: User) -> None:
        told = "an account comes back with its metadata: numbers as they were, members in their order"
        assert await metadata_of(unit_of_work, alice) == ("{}", "{}"), "an account that has none has empty metadata"
        bob = attrs.evolve(a_user("bob"), user_metadata=METADATA, app_metadata=WHOLE)
        async with unit_of_work() as transaction:
            await transaction.users.add([bob])
            await transaction.users.save(attrs.evolve(alice, user_metadata=WHOLE, app_metadata=METADATA))
            await transaction.commit()
        assert await metadata_of(unit_of_work, bob) == (METADATA.text, WHOLE.text), told
        assert await metadata_of(unit_of_work, alice) == (WHOLE.text, METADATA.text), told
        async with unit_of_work.snapshot() as repositories:
            listed = await repositories.users.page("", 10, None)
            found = await repositories.users.by_email(bob.email.canonical)
        assert [user.user_metadata.text for user in (*listed, found or bob)] == [
            METADATA.text,
            WHOLE.text,
            METADATA.text,
        ]

    async def test_with_an_account_go_the_mails_to_its_address(self, unit_of_work: UnitOfWork, alice: User) -> None:
        changed = MailRequest(MailKind.NEW_SIGN_IN, alice.email.canonical, ip="192.0.2.1", user_agent="curl/8")
        sent = attrs.evolve(a_mail(3).leased(NOW).sent(NOW), payload=changed)
        of_others = [
            attrs.evolve(a_mail(number), payload=MailRequest(MailKind.RESET_LINK, recipient))
            for number, recipient in enumerate(("bob@example.com", "malice@example.com", "alice@example.com.org"), 10)
        ]
        dead = a_mail(2).leased(NOW).dead(NOW, "550 alice@example.com")
        async with unit_of_work() as transaction:
            for mail in (a_mail(1), dead, sent, *of_others):
                await transaction.mail_queue.add(mail)
            await transaction.users.remove(alice.id)
            await transaction.commit()
        async with unit_of_work.snapshot() as repositories:
            left = await repositories.mail_queue.latest(None, 10)
            changes = await repositories.mail_queue.count_since(changed.kind, changed.recipient, NOW - HOUR)
            resets = await repositories.mail_queue.count_since(MailKind.RESET_LINK, changed.recipient, NOW - HOUR)
        recipient = forgotten(alice.email.canonical)
        tried = [
            attrs.evolve(mail, payload=MailRequest(mail.payload.kind, recipient), last_error="")
            for mail in (sent, dead)
        ]
        told = (
            "`remove` takes new mails to the address along, and all but their kind out of those that may have arrived"
        )
        assert left == [*reversed(of_others), *tried], told
        assert (changes, resets) == (1, 1), "they count as before, whoever has the address by then"

    async def test_of_many_mails_those_that_are_left_go_later_but_none_of_a_new_owner(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        async with unit_of_work() as transaction:
            for number in range(MANY):
                await transaction.mail_queue.add(a_mail(number))
            await transaction.users.remove(alice.id)
            await transaction.commit()
        again = attrs.evolve(a_user("other"), email=alice.email)
        await in_transaction(unit_of_work, lambda it: it.users.add([again]))
        async with unit_of_work() as transaction:
            await transaction.mail_queue.add(a_mail(MANY))
            await transaction.purge(Expired.OF_REMOVED_USERS, NOW, MANY)
            kept = await transaction.mail_queue.to(alice.email.canonical, MANY)
            assert kept[0] == a_mail(MANY), "whoever has the address by now keeps the mails to it"
            await transaction.users.remove(again.id)
            while await transaction.purge(Expired.OF_REMOVED_USERS, NOW, MANY):
                pass
            left = await transaction.mail_queue.to(alice.email.canonical, 1)
        assert left == [], "what is too much to be removed at once goes with `Expired.OF_REMOVED_USERS`"
