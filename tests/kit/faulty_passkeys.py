"""Passkeys and their ceremonies with one fault each, run by test_seeded_faults.py as faulty_adapters.py is."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from leadnator_auth.adapters.fido2_passkeys import Fido2Passkeys
from leadnator_auth.adapters.memory import MemoryPasskeys, MemoryRepositories, MemoryUnitOfWork
from leadnator_auth.domain import Passkey, PasskeyAssertion, PasskeyRegistration, User, UserId
from leadnator_auth.domain.ports import Transaction, UnitOfWork
from leadnator_auth.testing.contract import PasskeyCeremonyContract, PasskeysContract
from leadnator_auth.testing.contract.passkey_answers import ORIGINS, RP_ID
from leadnator_auth.testing.virtual_authenticator import decoded


class Altered(MemoryUnitOfWork):
    """Units of work in memory with another repository of passkeys."""

    kind: type[MemoryPasskeys]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryRepositories)
            transaction.passkeys = self.kind(transaction.passkeys.tables)
            yield transaction


class Always(MemoryPasskeys):
    async def record_use(self, passkey: Passkey) -> bool:
        self.tables.passkeys[passkey.id] = passkey
        return True


class ZeroIsNoCounter(MemoryPasskeys):
    async def record_use(self, passkey: Passkey) -> bool:
        return passkey.sign_count > 0 and await super().record_use(passkey)


class NamesTooMuch(MemoryPasskeys):
    async def record_use(self, passkey: Passkey) -> bool:
        is_kept = await super().record_use(passkey)
        if is_kept:
            self.tables.passkeys[passkey.id] = passkey
        return is_kept


class RemovesAll(MemoryPasskeys):
    async def remove_of_user(self, user_id: UserId, since: datetime | None = None) -> list[Passkey]:
        return await super().remove_of_user(user_id)


class TestAlways(PasskeysContract):
    caught_by = "test_of_twenty_uses_with_one_counter_one_is_kept"
    tells = "compare and set the counter"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        class Any(Altered):
            kind = Always

        return Any()


class TestZeroIsNoCounter(PasskeysContract):
    caught_by = "test_a_counter_rises_or_is_always_zero"
    tells = "both zero is an authenticator that does not count"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        class Zero(Altered):
            kind = ZeroIsNoCounter

        return Zero()


class TestNamesTooMuch(PasskeysContract):
    caught_by = "test_a_use_is_kept_and_nothing_else_changes"
    tells = "and nothing else"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        class Names(Altered):
            kind = NamesTooMuch

        return Names()


class TestRemovesAll(PasskeysContract):
    caught_by = "test_those_made_since_an_instant_or_all_are_removed"
    tells = "those made at this instant or later go"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        class Removes(Altered):
            kind = RemovesAll

        return Removes()


def challenge_in(credential: Mapping[str, object]) -> bytes:
    response = credential["response"]
    assert isinstance(response, dict)
    return decoded(json.loads(decoded(response["clientDataJSON"]))["challenge"])


class AnyChallenge(Fido2Passkeys):
    def verify_assertion(
        self, credential: Mapping[str, object], challenge: bytes, passkey: Passkey
    ) -> PasskeyAssertion:
        return super().verify_assertion(credential, challenge_in(credential), passkey)


class TestAnyChallenge(PasskeyCeremonyContract):
    caught_by = "test_another_challenge_is_refused"
    tells = "compare the whole challenge"

    @pytest.fixture
    def ceremony(self) -> Fido2Passkeys:
        return AnyChallenge(RP_ID, "The Example", ORIGINS)


class TestAnySubdomain(PasskeyCeremonyContract):
    caught_by = "test_another_page_is_refused"
    tells = "compare the whole origin"

    @pytest.fixture
    def ceremony(self) -> Fido2Passkeys:
        return Fido2Passkeys(RP_ID, "The Example", [*ORIGINS, "https://evil.example.org"])


class Traces(Fido2Passkeys):
    def verify_registration(self, credential: Mapping[str, object], challenge: bytes) -> PasskeyRegistration:
        challenge_in(credential)
        return super().verify_registration(credential, challenge)


class TestTraces(PasskeyCeremonyContract):
    caught_by = "test_what_is_malformed_is_refused_in_words_of_ours"
    tells = "raise InvalidPasskeyError whatever somebody sends"

    @pytest.fixture
    def ceremony(self) -> Fido2Passkeys:
        return Traces(RP_ID, "The Example", ORIGINS)


class ForgetsTheOthers(Fido2Passkeys):
    def registration_options(self, user: User, challenge: bytes, existing: Sequence[Passkey]) -> Mapping[str, object]:
        return super().registration_options(user, challenge, ())


class TestForgetsTheOthers(PasskeyCeremonyContract):
    caught_by = "test_an_authenticator_that_has_one_makes_no_other"
    tells = "excludeCredentials"

    @pytest.fixture
    def ceremony(self) -> Fido2Passkeys:
        return ForgetsTheOthers(RP_ID, "The Example", ORIGINS)
