"""The contract of every KnownClients."""

from datetime import timedelta

import attrs

from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.ports import Expired, UnitOfWork
from leadnator_auth.testing.contract.checking import StoreContract, assert_five_purged, assert_utc
from leadnator_auth.testing.contract.samples import HOUR, NOW, a_user

MANY = 50


def a_client(user: User, number: int = 1) -> KnownClient:
    return KnownClient(user.id, f"192.0.2.{number}", NOW + timedelta(microseconds=number), epoch=2)


async def keep(unit_of_work: UnitOfWork, *clients: KnownClient) -> None:
    async with unit_of_work() as transaction:
        for client in clients:
            await transaction.known_clients.put(client, keep=MANY)
        await transaction.commit()


class KnownClientsContract(StoreContract):
    """For KnownClients. Fixture: `unit_of_work`, over an empty store."""

    async def test_a_client_comes_back_as_it_was_kept_last(self, unit_of_work: UnitOfWork, alice: User) -> None:
        client = a_client(alice)
        later = attrs.evolve(client, seen_at=NOW + HOUR, epoch=3)
        await keep(unit_of_work, client, later)
        async with unit_of_work.snapshot() as repositories:
            known = await repositories.known_clients.get(alice.id, client.network)
            assert known == later, "`put` takes the place of what was known, and `get` returns every field"
            assert_utc(known.seen_at)
            assert await repositories.known_clients.get(alice.id, "192.0.2.99") is None, "an unknown network finds None"
            stranger = await repositories.known_clients.get(a_user("bob").id, client.network)
            assert stranger is None, "what is known of a network is known for one account"

    async def test_those_of_one_account_are_listed(self, unit_of_work: UnitOfWork, alice: User) -> None:
        together = attrs.evolve(a_client(alice, 8), seen_at=a_client(alice, 2).seen_at)
        await keep(unit_of_work, *(a_client(alice, number) for number in (2, 3, 1)), together, a_client(a_user("bob")))
        async with unit_of_work.snapshot() as repositories:
            listed = await repositories.known_clients.of_user(alice.id)
            expected = [a_client(alice, 3), together, a_client(alice, 2), a_client(alice, 1)]
            assert listed == expected, "`of_user` returns those of one account, the last seen first"
            assert await repositories.known_clients.of_user(a_user("nobody").id) == [], "an unknown account has none"

    async def test_those_beyond_a_number_go(self, unit_of_work: UnitOfWork, alice: User) -> None:
        of_bob = a_client(a_user("bob"))
        await keep(unit_of_work, *(a_client(alice, number) for number in range(1, 6)), of_bob)
        async with unit_of_work() as transaction:
            known = transaction.known_clients
            await known.put(a_client(alice, 6), keep=3)
            left = [n for n in range(1, 7) if await known.get(alice.id, a_client(alice, n).network)]
            assert left == [4, 5, 6], "`put` leaves the `keep` of them that were seen last"
            assert await known.get(of_bob.user_id, of_bob.network) == of_bob, "`put` is for one account"
            await known.put(a_client(alice, 1), keep=3)
            assert await known.get(alice.id, a_client(alice, 1).network) is None, "those seen last stay, new or not"

    async def test_of_those_seen_at_one_instant_the_last_in_the_order_of_text_stay(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        twins = [attrs.evolve(a_client(alice, number), seen_at=NOW) for number in (1, 3, 2)]
        await keep(unit_of_work, *twins[:2])
        async with unit_of_work() as transaction:
            await transaction.known_clients.put(twins[2], keep=2)
            left = [twin for twin in twins if await transaction.known_clients.get(alice.id, twin.network)]
        assert left == twins[1:], "of one `seen_at` those stay that come later in the order of their text"

    async def test_what_was_not_seen_for_long_is_purged_a_little_at_a_time(
        self, unit_of_work: UnitOfWork, alice: User
    ) -> None:
        living = attrs.evolve(a_client(alice, 9), seen_at=NOW + HOUR)
        await keep(unit_of_work, *(attrs.evolve(a_client(alice, n), seen_at=NOW) for n in range(1, 6)), living)
        async with unit_of_work() as transaction:
            await assert_five_purged(transaction, Expired.KNOWN_CLIENTS, NOW, NOW + HOUR)
            assert await transaction.known_clients.get(alice.id, living.network) == living, "`purge` leaves the others"

    async def test_agents_of_a_network_are_known_for_themselves(self, unit_of_work: UnitOfWork, alice: User) -> None:
        network = a_client(alice)
        phone, desk = (attrs.evolve(network, agent=agent, seen_at=NOW + HOUR, epoch=3) for agent in ("phone", "desk"))
        await keep(unit_of_work, network, phone, desk)
        async with unit_of_work() as transaction:
            known = transaction.known_clients
            for each in (network, phone, desk):
                assert await known.get(alice.id, each.network, each.agent) == each, "an agent is kept for itself"
            assert await known.get(alice.id, network.network, "tablet") is None, "an unknown agent finds None"
            assert await known.get(alice.id, a_client(alice, 2).network, "phone") is None, "an agent is of one network"
            tablet = attrs.evolve(phone, agent="tablet", seen_at=NOW + 2 * HOUR)
            await known.put(tablet, keep=2)
            left = [each for each in (network, phone, desk) if await known.get(alice.id, each.network, each.agent)]
            assert left == [network, phone], "`put` of an agent makes agents go alone, and leaves those seen last"
            await known.put(a_client(alice, 2), keep=1)
            assert await known.get(alice.id, tablet.network, tablet.agent) == tablet, "`put` of a network leaves agents"
            assert await known.get(alice.id, network.network) is None, "of networks only `keep` stay"
