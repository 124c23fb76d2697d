"""Looks at what is kept after each change of it: what must hold at every moment."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import attrs

from leadnator_auth.adapters.memory.tables import Tables
from leadnator_auth.domain import (
    DeliveryState,
    Event,
    MailKind,
    OneTimeToken,
    Policy,
    Purpose,
    QueuedMail,
    User,
    UserId,
)
from leadnator_auth.domain.entities.mail import MailRequest, forgotten
from leadnator_auth.domain.entities.outbox import LEASE
from leadnator_auth.domain.values.ids import NOBODY
from tests.simulation.ledger import Account
from tests.simulation.passwords import Passwords
from tests.simulation.scheduler import Scheduler, Violation

HOUR = timedelta(hours=1)
_PURPOSES = {MailKind.RESET_LINK: Purpose.RESET, MailKind.VERIFY_EMAIL: Purpose.VERIFY}
LINKS_OF: Mapping[Purpose, Callable[[Policy], int]] = {
    Purpose.RESET: lambda policy: policy.reset_mails,
    Purpose.VERIFY: lambda policy: policy.address_mails,
}
"""How many links for a purpose an account gets an hour."""


class Postbox(Protocol):
    """What the mail server knows."""

    accepted: Counter[str]
    refused: set[str]


@attrs.define
class Changes:
    """What one task wrote, since it was asked."""

    begun_at: datetime
    begun_at_step: int
    mails: list[QueuedMail] = attrs.Factory(list)
    events: list[Event] = attrs.Factory(list)


class Watcher:
    """Compares what is kept with what was kept before."""

    def __init__(
        self,
        tables: Tables,
        accounts: list[Account],
        passwords: Passwords,
        postbox: Postbox,
        scheduler: Scheduler,
        policy: Policy,
    ) -> None:
        self.seen = tables
        self._accounts = accounts
        self._postbox = postbox
        self._passwords = passwords
        self._scheduler = scheduler
        self._policy = policy
        self.dropped: set[str] = set()
        """Mails that rightly were not sent."""
        self.owners: dict[str, UserId] = {user.email.canonical: user.id for user in tables.users.values()}
        """Who has an address now."""
        self.left_at: dict[str, int] = {}
        """The step at which an address lost its account."""
        self._shut_at: dict[UserId, int] = {}
        """The last step at which an account was suspended."""
        self._withdrawn: list[tuple[int, OneTimeToken]] = []
        """The secrets that went nowhere, and the steps at which that was known."""

    def look(self, tables: Tables, changes: Changes | None) -> None:
        """Checks the step from what was seen last to what is kept now."""
        before, self.seen = self.seen, tables
        if tables.users != before.users:
            self._look_at_users(before, tables)
        if tables.credentials != before.credentials:
            self._look_at_credentials(before, tables)
        if tables.mails != before.mails:
            self._look_at_mails(before, tables, changes)
        if tables.one_time_tokens != before.one_time_tokens:
            self._look_at_tokens(before, tables)
        if tables.events != before.events and changes is not None:
            _look_at_events(before, tables, changes)
        if tables.users.keys() != before.users.keys():
            orphans = [session for session in tables.sessions.values() if session.user_id not in tables.users]
            _check(not orphans, "a deleted account left sessions", orphans)
        self.check_promises(tables)

    def check_promises(self, tables: Tables) -> None:
        """Holds what is kept against what callers were told."""
        now = self._scheduler.now
        for account in self._accounts:
            user = tables.users.get(account.user_id)
            _check(user is None or account.exists.may_be(True), "an account is back", account)
            _check(user is not None or account.exists.may_be(False), "an account was lost", account)
            if user is not None:
                _check_user(user, account, tables)
            for session in account.sessions:
                kept = tables.sessions.get(session.id)
                goes_on = kept is not None and user is not None and kept.belongs_to(user)
                if session.is_dead:
                    _check(not goes_on, "a session goes on after its end", account, session.id)
                elif session.threats == 0 and now < session.expires_at:
                    _check(goes_on, "a session was lost", account, session.id)

            for secret in account.secrets:
                token = tables.one_time_tokens.get(secret.digest) if secret.is_void or secret.acknowledged else None
                is_good = token is not None and user is not None and token.is_usable(user, now)
                _check(not is_good, "a secret is good after its end", account, token)

    def _look_at_users(self, before: Tables, after: Tables) -> None:
        users = after.users.values()
        if not any(user.is_active_admin for user in users):
            raise Violation("there is no active admin")
        owners = {user.email.canonical: user.id for user in users}
        _check(len(owners) == len(users), "two accounts have one address", owners)
        for email in self.owners:
            if email not in owners:
                self.left_at[email] = self._scheduler.steps
        self.owners = owners
        for user in users:
            old = before.users.get(user.id)
            if user.is_suspended or (old is not None and old.is_suspended):
                self._shut_at[user.id] = self._scheduler.steps
            _check_proof(old, user, before, after)
            if old is not None and _administered(old) != _administered(user):
                new_events = [event for key, event in after.events.items() if key not in before.events]
                _check(any(event.user_id == user.id for event in new_events), "a change left no event", user)

    def _look_at_credentials(self, before: Tables, after: Tables) -> None:
        for account in self._accounts:
            credentials = after.credentials.get(account.user_id)
            if credentials is not None:
                kept = self._passwords.made_of(credentials.password_hash)
                _check(account.password.may_be(kept), "a password was lost", account, kept)
        for user_id, credentials in after.credentials.items():
            old = before.credentials.get(user_id)
            if old is not None and old.version != credentials.version:
                self._passwords.count_effect(credentials.password_hash)

    def _look_at_mails(self, before: Tables, after: Tables, changes: Changes | None) -> None:
        for mail_id, mail in after.mails.items():
            old = before.mails.get(mail_id)
            if old is None and changes is not None:
                changes.mails.append(mail)
            if old is None and mail.payload.kind is not MailKind.RESET_LINK:
                had_enough = had_their_fill(mail.payload, mail.queued_at, before, self._policy)
                _check(not had_enough, "too many mails of a kind an hour", mail)
            if old is not None and old is not mail:
                self._look_at_a_changed_mail(old, mail, changes)
                if mail.attempts > old.attempts > 0 and mail.state is DeliveryState.QUEUED:
                    _check_that_no_new_mail_waited(mail, before, after)
        for mail_id, mail in before.mails.items():
            if mail_id not in after.mails:
                self._look_at_a_removed_mail(mail, after, changes)

    def _look_at_a_changed_mail(self, old: QueuedMail, mail: QueuedMail, changes: Changes | None) -> None:
        now = self._scheduler.now
        if mail.attempts > old.attempts:
            is_free = old.due_at <= now and old.state is DeliveryState.QUEUED
            _check(is_free, "a mail was taken that somebody has", mail)
            has_lease = changes is None or mail.due_at >= changes.begun_at + LEASE
            _check(has_lease, "a mail was taken without a lease", mail)
        if mail.state is DeliveryState.QUEUED:
            self.dropped.discard(mail.id)
        if mail.state is DeliveryState.SENT:
            _check(mail.id in self._postbox.accepted, "a mail counts as sent that was not", mail)
        if mail.state is DeliveryState.DEAD:
            is_over = mail.id in self._postbox.refused or now >= mail.give_up_at
            _check(is_over, "a mail was given up too early", mail)
            self.dropped.add(mail.id)

    def _look_at_a_removed_mail(self, mail: QueuedMail, after: Tables, changes: Changes | None) -> None:
        if mail.state is not DeliveryState.QUEUED:
            return
        owner = self.owners.get(mail.payload.recipient)
        self.dropped.add(mail.id)
        if owner is None:
            return
        purpose = _PURPOSES.get(mail.payload.kind)
        if purpose is None:
            raise Violation(f"a notice was lost: {mail}")
        begun_at_step = changes.begun_at_step if changes else self._scheduler.steps
        was_shut = after.users[owner].is_suspended or self._shut_at.get(owner, -1) >= begun_at_step
        # The worker may have looked at its clock a while ago.
        links = self._links_of(owner, purpose, after, HOUR + 10 * LEASE)
        links += sum(
            (token.user_id, token.purpose) == (owner, purpose) and step >= begun_at_step
            for step, token in self._withdrawn
        )
        is_done = purpose is Purpose.VERIFY and after.users[owner].is_email_verified
        _check(was_shut or is_done or links >= LINKS_OF[purpose](self._policy), "a mail was lost", mail)

    def _look_at_tokens(self, before: Tables, after: Tables) -> None:
        gone = [token for digest, token in before.one_time_tokens.items() if digest not in after.one_time_tokens]
        self._withdrawn += [(self._scheduler.steps, token) for token in gone]
        for digest, token in after.one_time_tokens.items():
            old = before.one_time_tokens.get(digest)
            if old is None:
                links = self._links_of(token.user_id, token.purpose, after)
                _check(links <= LINKS_OF[token.purpose](self._policy), "too many links an hour", token)
                user = after.users.get(token.user_id or NOBODY)
                _check(user is not None and not user.is_suspended, "a link for a suspended account", token)
            elif old.used_at is not None:
                _check(token.used_at == old.used_at, "a used token is good again", token)
            elif token.used_at is not None:
                proved = after.users.get(token.user_id or NOBODY)
                _check(proved is not None and proved.is_email_verified, "a used link proved nothing", token)
                user = before.users.get(token.user_id or NOBODY)
                _check(user is not None and old.belongs_to(user), "a void token was used", token)

    def _links_of(self, user_id: UserId | None, purpose: Purpose, tables: Tables, window: timedelta = HOUR) -> int:
        since = self._scheduler.now - window
        tokens = [token for token in tables.one_time_tokens.values() if token.purpose is purpose]
        return sum(token.user_id == user_id and token.issued_at > since for token in tokens)


def had_their_fill(request: MailRequest, now: datetime, tables: Tables, policy: Policy) -> bool:
    """Returns whether as many mails like this were queued within an hour as one may get that is counted then."""
    recent = [mail for mail in tables.mails.values() if mail.queued_at > now - HOUR]
    most = policy.notices if request.kind is MailKind.PASSWORD_CHANGED else policy.address_mails
    of_the_deleted = MailRequest(request.kind, forgotten(request.recipient))
    return sum(mail.payload in (request, of_the_deleted) for mail in recent) >= most


def _check_proof(old: User | None, user: User, before: Tables, after: Tables) -> None:
    """An address is proved by the use of a secret that was mailed to it, in the same step, and by nothing else."""
    was_verified = old is not None and old.is_email_verified
    _check(user.is_email_verified or not was_verified, "that an address is verified was lost", user)
    if not user.is_email_verified or was_verified:
        return
    used = [
        token
        for digest, token in after.one_time_tokens.items()
        if token.used_at is not None and before.one_time_tokens[digest].used_at is None
    ]
    proofs = [token for token in used if (token.user_id, token.address) == (user.id, user.email.canonical)]
    _check(proofs, "an address was verified by nothing that was mailed to it", user, used)


def _check_that_no_new_mail_waited(taken: QueuedMail, before: Tables, after: Tables) -> None:
    looked_at = taken.due_at - LEASE
    minted = [token.issued_at for token in after.one_time_tokens.values() if token.payload == taken.id]
    if taken.payload.kind in _PURPOSES and looked_at not in minted:
        return  # it was taken to be put off
    for mail in before.mails.values():
        is_due = mail.state is DeliveryState.QUEUED and mail.due_at <= looked_at
        is_new = is_due and mail.attempts == 0 and mail.lane == taken.lane
        _check(not is_new or after.mails.get(mail.id) != mail, "a mail that failed went before a new one", taken, mail)


def _administered(user: User) -> User:
    """Returns the account without what is no administrator's to set."""
    return attrs.evolve(user, session_epoch=0, secret_epoch=0)


def _look_at_events(before: Tables, after: Tables, changes: Changes) -> None:
    _check(before.events.keys() <= after.events.keys(), "an event is gone", after.events)
    changes.events += [event for key, event in after.events.items() if key not in before.events]


def _check_user(user: User, account: Account, tables: Tables) -> None:
    _check(account.status.may_be(user.status), "a status was lost", account, user)
    _check(account.role.may_be(user.role), "a role was lost", account, user)
    _check(account.plan.may_be(user.plan), "a plan was lost", account, user)


def _check(holds: object, what: str, *about: object) -> None:
    if not holds:
        raise Violation(f"{what}: {', '.join(map(repr, about))}")
