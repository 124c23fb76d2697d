"""The contract of every Webhooks."""

from datetime import timedelta

import attrs
import pytest

from leadnator_auth.domain import Webhook, WebhookId
from leadnator_auth.domain.ports import UnitOfWork
from leadnator_auth.testing.contract.checking import assert_utc, in_snapshot, keep
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_webhook

NOBODY = WebhookId("wh_nobody")


async def kept(unit_of_work: UnitOfWork) -> list[Webhook]:
    return await in_snapshot(unit_of_work, lambda it: it.webhooks.all())


@pytest.mark.asyncio
class WebhooksContract:
    """For Webhooks. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_webhook_comes_back_as_it_was_kept(self, unit_of_work: UnitOfWork) -> None:
        rotated = a_webhook(2).rotated("k_2", NOW)
        await keep(unit_of_work, a_webhook(1), rotated)
        async with unit_of_work() as transaction:
            for webhook in (a_webhook(1), rotated):
                found = await transaction.webhooks.by_id(webhook.id)
                assert found == webhook, "`by_id` returns every field as it was added, None as None"
                assert_utc(found.created_at)
            assert await transaction.webhooks.by_id(NOBODY) is None, "an unknown id finds None"

    async def test_all_come_newest_first_those_of_one_instant_by_id(self, unit_of_work: UnitOfWork) -> None:
        first, second, third = (a_webhook(number) for number in (1, 2, 3))
        third = attrs.evolve(third, created_at=second.created_at)
        await keep(unit_of_work, second, first, third)
        assert await kept(unit_of_work) == [third, second, first], "`all` has every one: the newest first, then by id"

    async def test_a_webhook_is_replaced_but_for_its_creation_time(self, unit_of_work: UnitOfWork) -> None:
        await keep(unit_of_work, a_webhook(1), a_webhook(2))
        changed = attrs.evolve(a_webhook(1).rotated("k_2", NOW), url="https://other.example/", description="")
        async with unit_of_work() as transaction:
            await transaction.webhooks.save(attrs.evolve(changed, created_at=NOW + timedelta(days=1)))
            await transaction.webhooks.save(a_webhook(3))
            await transaction.commit()
        assert await kept(unit_of_work) == [a_webhook(2), changed], "`save` replaces one that is there, and adds none"
        until = NOW + HOUR
        async with unit_of_work() as transaction:
            await transaction.webhooks.save(attrs.evolve(changed, former_key_id=None, former_until=until))
            found = await transaction.webhooks.by_id(changed.id)
        assert found is not None, "`save` leaves it where it is"
        assert (found.former_key_id, found.former_until) == (None, until), "`save` keeps every field"

    async def test_a_webhook_that_was_removed_is_gone(self, unit_of_work: UnitOfWork) -> None:
        await keep(unit_of_work, a_webhook(1), a_webhook(2))
        async with unit_of_work() as transaction:
            await transaction.webhooks.remove(a_webhook(1).id)
            await transaction.webhooks.remove(NOBODY)
            await transaction.commit()
        assert await kept(unit_of_work) == [a_webhook(2)], "`remove` is for one webhook, there or not"

    async def test_a_webhook_without_a_commit_is_not_kept(self, unit_of_work: UnitOfWork) -> None:
        async with unit_of_work() as transaction:
            await transaction.webhooks.add(a_webhook())
        assert await kept(unit_of_work) == [], "a webhook belongs to the unit of work that it is added in"
