"""Adapters with one fault each, under the published suite that must catch it; run by test_seeded_faults.py.

`caught_by` names a test that must fail, and `tells` what its message says.
"""

import asyncio
import base64
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta, timezone

import attrs
import pytest

from leadnator_auth.adapters.memory import (
    CheapHasher,
    Mailbox,
    MemoryIdentities,
    MemoryMailQueue,
    MemoryOneTimeTokens,
    MemoryRateLimits,
    MemoryRepositories,
    MemorySessions,
    MemoryTransaction,
    MemoryUnitOfWork,
    MemoryUsers,
    PlainEmailSyntax,
    SeededRandomness,
    Tables,
)
from leadnator_auth.adapters.memory.known_clients import MemoryKnownClients
from leadnator_auth.domain import (
    AccessPurpose,
    Claims,
    Client,
    EmailAddress,
    EmailTakenError,
    Identity,
    MailRefusedError,
    OneTimeToken,
    OutgoingMail,
    Password,
    QueuedMail,
    Session,
    SessionId,
    User,
    UserId,
)
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.rate_limit import Charge, Refusal
from leadnator_auth.domain.ports import Repositories, Transaction, UnitOfWork
from leadnator_auth.domain.values.paging import Position
from leadnator_auth.testing.contract import (
    AccessTokensContract,
    AdministrationRacesContract,
    ClockContract,
    CredentialStoreContract,
    EmailChangesContract,
    EmailSyntaxContract,
    EventsContract,
    IdentitiesContract,
    KnownClientsContract,
    MailerContract,
    MailQueueContract,
    OneTimeTokensContract,
    OutboxContract,
    PasswordHasherContract,
    RacesContract,
    RandomnessContract,
    RateLimitsContract,
    ReadinessContract,
    SessionsContract,
    UnitOfWorkContract,
    UsersContract,
)
from leadnator_auth.testing.contract.samples import a_user


class Altered(MemoryUnitOfWork):
    """Units of work in memory with something about their repositories changed."""

    def alter(self, repositories: MemoryRepositories) -> None:
        """Puts the fault in."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            assert isinstance(transaction, MemoryTransaction)
            self.alter(transaction)
            yield transaction

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Repositories]:
        async with super()._snapshot() as repositories:
            assert isinstance(repositories, MemoryRepositories)
            self.alter(repositories)
            yield repositories


# The unit of work


class LostRollback(MemoryUnitOfWork):
    """Writes straight into what is kept, so that there is nothing to roll back."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._writer:
            yield MemoryTransaction(self.tables, lambda tables: None)


class TestLostRollback(UnitOfWorkContract):
    caught_by = "test_nothing_is_kept_without_a_commit"
    tells = "roll back"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return LostRollback()


class Deferred(MemoryUnitOfWork):
    """Takes no lock when a unit begins: two of them work on the same state, and the last one wins."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        await asyncio.sleep(0)
        yield MemoryTransaction(self.tables.copy(), self._keep)


class OverDeferred:
    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return Deferred()


class TestDeferredTransaction(OverDeferred, UnitOfWorkContract):
    caught_by = "test_read_then_write_never_loses_an_update"
    tells = "BEGIN IMMEDIATE"


class TestUniquenessByLookingFirst(OverDeferred, UsersContract):
    caught_by = "test_of_twenty_at_once_one_gets_the_address"
    tells = "let a constraint of the store decide"


class TestNonAtomicUse(OverDeferred, OneTimeTokensContract):
    caught_by = "test_of_twenty_at_once_one_uses_the_token"
    tells = "one atomic step"


class TestNonAtomicTry(OverDeferred, OneTimeTokensContract):
    caught_by = "test_of_twenty_guesses_at_once_as_many_are_looked_at_as_there_were_tries"
    tells = "one atomic step"


class TestNonAtomicReplacement(OverDeferred, CredentialStoreContract):
    caught_by = "test_of_twenty_replacements_at_once_one_counts"
    tells = "one atomic step"


class TestNonAtomicEnd(OverDeferred, SessionsContract):
    caught_by = "test_of_twenty_who_end_a_session_at_once_one_did"
    tells = "one atomic step"


class NotesAnyUse(MemorySessions):
    async def note_uses(self, uses: Mapping[SessionId, datetime]) -> None:
        for session_id, at in uses.items():
            if session_id in self.tables.sessions:
                session = self.tables.sessions[session_id]
                self.tables.sessions[session_id] = attrs.evolve(session, last_used_at=at)


class OtherSessions(Altered):
    def alter(self, repositories: MemoryRepositories) -> None:
        repositories.sessions = NotesAnyUse(repositories.sessions.tables)


class TestNotesAnyUse(SessionsContract):
    caught_by = "test_the_latest_use_is_kept"
    tells = "an earlier use"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return OtherSessions()


class KnownForEverybody(MemoryKnownClients):
    async def get(self, user_id: UserId, network: str, agent: str = "") -> KnownClient | None:
        known = (each for each in self.tables.known_clients.values() if (each.network, each.agent) == (network, agent))
        return next(known, None)


class OtherKnownClients(Altered):
    def alter(self, repositories: MemoryRepositories) -> None:
        repositories.known_clients = KnownForEverybody(repositories.known_clients.tables)


class TestKnownForEverybody(KnownClientsContract):
    caught_by = "test_a_client_comes_back_as_it_was_kept_last"
    tells = "known for one account"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return OtherKnownClients()


class TestNonAtomicClaim(OverDeferred, MailQueueContract):
    caught_by = "test_of_twenty_workers_at_once_one_leases_the_delivery"
    tells = "one atomic step"


class TestUseCasesOverDeferredTransactions(OverDeferred, RacesContract):
    caught_by = "test_one_of_twenty_resets_with_one_link_wins"
    tells = "one atomic step"


class TestLastAdminOverDeferredTransactions(OverDeferred, AdministrationRacesContract):
    caught_by = "test_of_twenty_admins_who_all_leave_at_once_the_last_one_stays"
    tells = "the last admin stays"


class SwallowedError(MemoryUnitOfWork):
    """Ends the block without a word, whatever was raised in it."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with super()._transaction() as transaction:
            with suppress(LookupError):
                yield transaction


class TestSwallowedError(UnitOfWorkContract):
    caught_by = "test_an_error_undoes_everything_and_the_next_one_works"
    tells = "goes on to the caller"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return SwallowedError()


class PieceByPiece(MemoryUnitOfWork):
    """Commits one table after the other, and lets others see what is between."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._writer:
            transaction = PiecesTransaction(self.tables.copy(), self._keep)
            transaction.kept = self.tables
            yield transaction


class PiecesTransaction(MemoryTransaction):
    kept: Tables

    async def commit(self) -> None:
        for field in attrs.fields(Tables):
            await asyncio.sleep(0)
            setattr(self.kept, field.name, dict(getattr(self._tables, field.name)))


class TestCommitPieceByPiece(UnitOfWorkContract):
    caught_by = "test_cancelled_at_any_await_a_sign_up_is_kept_whole_or_not_at_all"
    tells = "never commit piece by piece"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return PieceByPiece()


class ReadCommitted(MemoryUnitOfWork):
    """Shows a reader what others commit meanwhile."""

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Repositories]:
        repositories = MemoryRepositories(self.tables.copy())
        unit_of_work = self

        class Live(MemoryUsers):
            async def by_id(self, user_id: UserId) -> User | None:
                return unit_of_work.tables.users.get(user_id)

        repositories.users = Live(self.tables)
        yield repositories


class TestSnapshotThatChanges(UnitOfWorkContract):
    caught_by = "test_a_snapshot_does_not_change_under_its_reader"
    tells = "repeatable read"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return ReadCommitted()


class Away(MemoryUnitOfWork):
    """Lets an error of its library out."""

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        if not self.tables.users:
            raise sqlite3.OperationalError("unable to open database file")
        async with super()._transaction() as transaction:
            yield transaction


class TestErrorOfTheLibrary(UnitOfWorkContract):
    caught_by = "test_a_store_that_is_away_is_told"
    tells = "translate what the library raises"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return MemoryUnitOfWork()

    @pytest.fixture
    def unreachable(self) -> UnitOfWork:
        return Away()


# Repositories


class DroppedTimeZone(MemoryUsers):
    async def by_id(self, user_id: UserId) -> User | None:
        user = await super().by_id(user_id)
        return user and attrs.evolve(user, created_at=user.created_at.replace(tzinfo=None))


class LocalTime(MemoryUsers):
    async def by_id(self, user_id: UserId) -> User | None:
        user = await super().by_id(user_id)
        return user and attrs.evolve(user, created_at=user.created_at.astimezone(timezone(timedelta(hours=2))))


class SwallowedDuplicate(MemoryUsers):
    async def add(self, users: Sequence[User], *, unless_reserved_at: datetime | None = None) -> None:
        with suppress(EmailTakenError):
            await super().add(users, unless_reserved_at=unless_reserved_at)


class Folding(MemoryUsers):
    async def page(self, search: str, limit: int, after: Position | None) -> list[User]:
        users = await super().page("", 1000, after)
        return [user for user in users if search.casefold() in f"{user.name} {user.email.canonical}".casefold()][:limit]


class Overwriting(MemoryUsers):
    async def save(self, user: User) -> None:
        self.tables.users[user.id] = user


class Forgetful(MemoryUsers):
    async def remove(self, user_id: UserId) -> None:
        self.tables.users.pop(user_id, None)


class Tidy(MemoryUsers):
    async def remove(self, user_id: UserId) -> None:
        await super().remove(user_id)
        self.tables.events.clear()


class Unproven(MemorySessions):
    async def save(self, session: Session) -> None:
        kept = self.tables.sessions.get(session.id)
        if kept:
            self.tables.sessions[session.id] = attrs.evolve(kept, epoch=session.epoch)


class ForgetfulSessions(Altered):
    def alter(self, repositories: MemoryRepositories) -> None:
        repositories.sessions = Unproven(repositories.sessions.tables)


class TestProofThatIsLost(SessionsContract):
    caught_by = "test_another_proof_is_kept_and_nothing_else"
    tells = "the last proof"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return ForgetfulSessions()


class OtherUsers(Altered):
    def __init__(self, users: Callable[[Tables], MemoryUsers]) -> None:
        super().__init__()
        self.users = users

    def alter(self, repositories: MemoryRepositories) -> None:
        repositories.users = self.users(repositories.users.tables)


class TestDroppedTimeZone(UsersContract):
    caught_by = "test_a_user_comes_back_as_it_was_kept"
    tells = "times to the microsecond"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return OtherUsers(DroppedTimeZone)


class TestLocalTimeZone(UsersContract):
    caught_by = "test_a_user_comes_back_as_it_was_kept"
    tells = "aware datetimes in UTC"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return OtherUsers(LocalTime)


class TestSwallowedDuplicate(UsersContract):
    caught_by = "test_one_canonical_address_has_one_user"
    tells = "raise EmailTakenError"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return OtherUsers(SwallowedDuplicate)


class TestSearchThatFolds(UsersContract):
    caught_by = "test_what_is_not_in_the_name_does_not_find_it"
    tells = "domain.is_found"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return OtherUsers(Folding)


class TestSaveThatGivesTakenAddresses(EmailChangesContract):
    caught_by = "test_an_address_that_another_account_has_is_not_given"
    tells = "let a constraint of the store decide"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return OtherUsers(Overwriting)


class Unreserved(MemoryUsers):
    async def add(self, users: Sequence[User], *, unless_reserved_at: datetime | None = None) -> None:
        await super().add(users)


class TestReservedAddressThatIsGivenAway(EmailChangesContract):
    caught_by = "test_nobody_is_added_with_an_address_that_is_reserved"
    tells = "may take back is taken"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return OtherUsers(Unreserved)


class TestSaveThatTakesTheBirthday(UsersContract):
    caught_by = "test_saving_changes_all_but_the_birthday"
    tells = "leaves the creation time"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return OtherUsers(Overwriting)


class TestRemoveThatLeavesSessions(IdentitiesContract):
    caught_by = "test_no_session_leads_to_an_account_that_is_gone"
    tells = "with an account go its sessions"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return OtherUsers(Forgetful)

    @pytest.fixture
    def identities(self, unit_of_work: MemoryUnitOfWork) -> "Unjoined":
        return Unjoined(unit_of_work)


class TestRemoveThatTakesTheTrail(EventsContract):
    caught_by = "test_events_outlive_the_account_they_are_about"
    tells = "no cascade"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return OtherUsers(Tidy)


class RoundedTokens(MemoryOneTimeTokens):
    async def add(self, token: OneTimeToken) -> None:
        await super().add(attrs.evolve(token, expires_at=token.expires_at.replace(microsecond=0)))


class BlindQueue(MemoryMailQueue):
    """Saves what became of a mail, whoever has it."""

    async def save(self, mail: QueuedMail) -> bool:
        self.entries[mail.id] = mail
        return True


class Rounded(Altered):
    def alter(self, repositories: MemoryRepositories) -> None:
        repositories.one_time_tokens = RoundedTokens(repositories.one_time_tokens.tables)


class Blind(Altered):
    def alter(self, repositories: MemoryRepositories) -> None:
        repositories.mail_queue = BlindQueue(repositories.mail_queue.tables)


class TestRoundedTimes(OneTimeTokensContract):
    caught_by = "test_a_token_expires_to_the_microsecond"
    tells = "keep microseconds"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return Rounded()


class TestSaveWithoutTheLease(OutboxContract):
    caught_by = "test_a_lease_that_ended_lets_somebody_else_take_the_delivery"
    tells = "compares `attempts`"

    @pytest.fixture
    def unit_of_work(self) -> UnitOfWork:
        return Blind()


class Unjoined(MemoryIdentities):
    """Believes a session whose user is gone."""

    async def by_session(self, session_id: SessionId) -> Identity | None:
        tables = self.unit_of_work.tables
        session = tables.sessions.get(session_id)
        return Identity(tables.users.get(session.user_id, a_user()), session) if session else None


@attrs.frozen
class Caching(MemoryIdentities):
    """Remembers who a session belongs to."""

    remembered: dict[SessionId, Identity] = attrs.Factory(dict)

    async def by_session(self, session_id: SessionId) -> Identity | None:
        found = self.remembered.get(session_id) or await MemoryIdentities.by_session(self, session_id)
        if found:
            self.remembered[session_id] = found
        return found


class TestCachedIdentity(IdentitiesContract):
    caught_by = "test_a_session_leads_to_its_user_until_it_ends"
    tells = "nothing may be cached"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork()

    @pytest.fixture
    def identities(self, unit_of_work: MemoryUnitOfWork) -> Caching:
        return Caching(unit_of_work)


class Strangers(MemoryIdentities):
    async def by_session(self, session_id: SessionId) -> Identity | None:
        return None


class TestOutageThatMakesStrangers(IdentitiesContract):
    caught_by = "test_a_store_that_is_away_is_told_and_makes_nobody_a_stranger"
    tells = "do not go on as if nothing had happened"

    @pytest.fixture
    def unit_of_work(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork()

    @pytest.fixture
    def identities(self, unit_of_work: MemoryUnitOfWork) -> MemoryIdentities:
        return MemoryIdentities(unit_of_work)

    @pytest.fixture
    def unreachable(self) -> Strangers:
        return Strangers(MemoryUnitOfWork())


# Everything else


class ReadThenCount(MemoryRateLimits):
    async def take(self, charges: Sequence[Charge], now: datetime) -> Refusal | None:
        found = MemoryRateLimits(dict(self.empty_at))
        refusal = await found.take(charges, now)
        await asyncio.sleep(0)
        self.empty_at = found.empty_at
        return refusal


class TestNonAtomicCount(RateLimitsContract):
    caught_by = "test_of_many_at_once_no_more_are_let_through"
    tells = "one atomic step"

    @pytest.fixture
    def rate_limits(self) -> MemoryRateLimits:
        return ReadThenCount()


class Cutting(CheapHasher):
    """Looks at 72 bytes, as bcrypt does."""

    def _digest(self, password: Password, strength: int) -> str:
        return super()._digest(Password(password.utf8[:72].decode(errors="ignore")), strength)


class TestPasswordCutOff(PasswordHasherContract):
    caught_by = "test_a_password_matches_its_own_hash_and_no_other"
    tells = "none is cut off"

    @pytest.fixture
    def hasher(self) -> CheapHasher:
        return Cutting()


class Normalizing(CheapHasher):
    """Holds a hash against the normal form alone."""

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        return await super().verify(Password(password.text), password_hash, client)


class TestSpellingForgotten(PasswordHasherContract):
    caught_by = "test_what_another_system_hashed_as_it_was_typed_matches_and_is_upgraded"
    tells = "any of the password's `spellings`"

    @pytest.fixture
    def hasher(self) -> CheapHasher:
        return Normalizing()


class Quoting(CheapHasher):
    """Shows what it refuses."""

    def refusal(self, password_hash: str) -> str:
        return f"{password_hash} is no hash"


class TestRefusalThatShowsThePassword(PasswordHasherContract):
    caught_by = "test_what_is_refused_is_explained_without_being_shown"
    tells = "holds nothing of what may be a password"

    @pytest.fixture
    def hasher(self) -> CheapHasher:
        return Quoting()


class Trusting(CheapHasher):
    """Takes as a hash whatever looks like one from afar, and is surprised by it later."""

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        if password_hash is not None and password_hash.startswith("cheap$"):
            int(password_hash.split("$")[1])
        return await super().verify(password, password_hash, client)

    def normalize(self, password_hash: str) -> str | None:
        return password_hash if password_hash.startswith("cheap$") else None


class TestHashThatRaises(PasswordHasherContract):
    caught_by = "test_no_hash_that_was_damaged_makes_it_raise"
    tells = "matches nothing, return False"

    @pytest.fixture
    def hasher(self) -> CheapHasher:
        return Trusting()


class Restless(CheapHasher):
    """Replaces every hash at every log-in."""

    async def upgrade(self, password: Password, password_hash: str, client: Client = Client()) -> str | None:
        return await self.hash(password, client)


class TestUpgradeForNothing(PasswordHasherContract):
    caught_by = "test_a_hash_of_today_needs_no_upgrade"
    tells = "it may stay"

    @pytest.fixture
    def hasher(self) -> CheapHasher:
        return Restless()


class TestUpgradeOfAnything(PasswordHasherContract):
    caught_by = "test_what_is_no_hash_is_not_upgraded"
    tells = "proved nobody's password"

    @pytest.fixture
    def hasher(self) -> CheapHasher:
        return Restless()


class Salted(CheapHasher):
    """Makes hashes of the password and of who asks."""

    async def hash(self, password: Password, client: Client = Client()) -> str:
        return await super().hash(Password(password.text + client.network))

    async def verify(self, password: Password, password_hash: str | None, client: Client = Client()) -> bool:
        return await super().verify(Password(password.text + client.network), password_hash)


class TestHashOfTheClient(PasswordHasherContract):
    caught_by = "test_who_asks_changes_nothing_about_a_hash"
    tells = "not whose password it is"

    @pytest.fixture
    def hasher(self) -> CheapHasher:
        return Salted()


class Readable:
    """Writes claims down and signs nothing."""

    def issue(self, claims: Claims) -> str:
        text = json.dumps([claims.user_id, claims.session_id, claims.token_id, claims.issued_at.isoformat()])
        return base64.b64encode(f"{text}|{claims.expires_at.isoformat()}".encode()).decode()

    def read(self, token: str) -> Claims:
        text, _, expires_at = base64.b64decode(token).decode().partition("|")
        user_id, session_id, token_id, issued_at = json.loads(text)
        return Claims(
            user_id=user_id,
            session_id=session_id,
            token_id=token_id,
            purpose=AccessPurpose.ACCESS,
            issued_at=datetime.fromisoformat(issued_at),
            expires_at=datetime.fromisoformat(expires_at),
        )


class TestUnsignedToken(AccessTokensContract):
    caught_by = "test_a_token_that_was_changed_is_refused"
    tells = "raise InvalidTokenError"

    @pytest.fixture
    def tokens(self) -> Readable:
        return Readable()


class Lists(PlainEmailSyntax):
    def parse(self, text: str) -> EmailAddress:
        return super().parse(text.partition(",")[0])


class TestListOfAddresses(EmailSyntaxContract):
    caught_by = "test_what_is_no_address_is_refused"
    tells = "raises BadFieldError"

    @pytest.fixture
    def emails(self) -> PlainEmailSyntax:
        return Lists()


@attrs.define
class Silent(Mailbox):
    async def send(self, mail: OutgoingMail) -> None:
        with suppress(MailRefusedError):
            await Mailbox.send(self, mail)


class TestSwallowedRefusal(MailerContract):
    caught_by = "test_a_mail_that_never_will_be_accepted_is_told_so"
    tells = "refused for good"

    @pytest.fixture
    def mailer(self) -> Mailbox:
        return Silent()

    @pytest.fixture
    def arrived(self, mailer: Mailbox) -> Callable[[], list[str]]:
        return lambda: [mail.to.mailbox for mail in mailer.mails]

    @pytest.fixture
    def refusing(self) -> Mailbox:
        return Silent(failure=MailRefusedError("550 no"))


class Naive:
    def now(self) -> datetime:
        return datetime.now()  # noqa: DTZ005 (the fault)


class TestNaiveClock(ClockContract):
    caught_by = "test_the_time_is_in_utc_and_does_not_run_back"
    tells = "aware datetimes in UTC"

    @pytest.fixture
    def clock(self) -> Naive:
        return Naive()


class Padded(SeededRandomness):
    def urlsafe(self, size: int) -> str:
        return super().urlsafe(size) + "="


class TestPaddedSecrets(RandomnessContract):
    caught_by = "test_random_texts_are_distinct_and_fit_into_urls"
    tells = "no padding"

    @pytest.fixture
    def randomness(self) -> SeededRandomness:
        return Padded()


class AlwaysReady:
    async def check(self) -> None:
        return


class TestAlwaysReady(ReadinessContract):
    caught_by = "test_a_store_that_cannot_serve_says_so"
    tells = "raise UnavailableError"

    @pytest.fixture
    def readiness(self) -> AlwaysReady:
        return AlwaysReady()

    @pytest.fixture
    def unready(self) -> AlwaysReady:
        return AlwaysReady()
