"""A model of the product in dictionaries: Hypothesis tries histories, and both must answer the same."""

import unicodedata
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import ClassVar

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from leadnator_auth.adapters.memory import FakeClock, Mailbox
from leadnator_auth.domain import Actor, MailKind, create_user, deliver_due_mails, purge
from leadnator_auth.domain.entities.mail import SecretMail
from leadnator_auth.domain.values.totp import step_at
from leadnator_auth.testing.totp_app import TotpApp
from tests.model.answers import OK, Answer
from tests.model.core_driver import CoreDriver
from tests.model.http_driver import HttpDriver

LEEWAY = timedelta(seconds=60)
SESSION_LIFETIME = timedelta(days=7)
HOUR = timedelta(hours=1)
LINKS_AN_HOUR = 5
MAILS_AN_HOUR = 5
"""Of each kind that is counted when it is asked for: notices, and links that prove an address."""
VERIFY_LIFETIME = timedelta(days=1)
STEP_UP_LIFETIME = timedelta(minutes=10)
ADDED_LATELY = timedelta(days=7)
NOTICES = frozenset(
    {
        MailKind.PASSWORD_CHANGED,
        MailKind.FACTOR_ADDED,
        MailKind.FACTOR_REMOVED,
        MailKind.RECOVERY_CODE_USED,
        MailKind.RECOVERY_CODES_LOW,
    }
)

emails = st.sampled_from(["ann@example.com", "Ann@Example.com", "bob@example.com", "root@example.com"])
# The same password in two normal forms, one that looks like it, one with more than bcrypt reads, one that is refused.
passwords = st.sampled_from(["p\u00e4ssword", "pa\u0308ssword", "password", "x" * 80, "x" * 80 + "y", "short"])


@attrs.define
class ModelSession:
    """A session: good until it expires or is removed."""

    token: str
    user_id: str
    expires_at: datetime
    proven_at: datetime
    """When somebody last proved in it whose it is."""
    has_factor: bool
    """Whether a second factor was part of that."""


@attrs.define
class ModelFactor:
    """An app that counts, and the recovery codes that are left."""

    app: TotpApp
    added_at: datetime
    last_step: int
    codes: list[str]
    used: list[str] = attrs.Factory(lambda: ["no code"])

    def take(self, code: str, step: int) -> bool:
        """Returns whether a code is good, which it is once."""
        is_good = code in self.codes or (step > self.last_step and code.isdecimal())
        if code in self.codes:
            self.codes.remove(code)
        elif is_good:
            self.last_step = step
        self.used += [code] if is_good else []
        return is_good


@attrs.define
class ModelUser:
    """An account."""

    id: str
    email: str
    password: str
    role: str = "user"
    plan: str = "Starter"
    status: str = "active"
    is_verified: bool = False
    factor: ModelFactor | None = None
    linked_at: defaultdict[MailKind, list[datetime]] = attrs.Factory(lambda: defaultdict(list))
    changes: list[tuple[str, str]] = attrs.Factory(list)


@attrs.define
class ModelSecret:
    """A secret out of a mail."""

    kind: MailKind
    secret: str
    user_id: str
    expires_at: datetime
    is_used: bool = False


@attrs.frozen
class System:
    """The product under test, empty, and what a test needs to steer it."""

    core: CoreDriver
    driver: CoreDriver | HttpDriver
    clock: FakeClock
    mailbox: Mailbox


class AuthMachine(RuleBasedStateMachine):
    """Every rule asks the product and the model."""

    system: ClassVar[System]

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, ModelUser] = {}
        self.sessions: dict[str, ModelSession] = {}
        self.ended: list[str] = []
        self.secrets: list[ModelSecret] = []
        self.queue: list[tuple[MailKind, str, datetime]] = []
        self.counted: defaultdict[tuple[MailKind, str], list[datetime]] = defaultdict(list)
        """When mails were queued for an address that are counted then."""
        self.driver = self.system.driver

    @property
    def now(self) -> datetime:
        return self.system.clock.instant

    @initialize()
    def an_admin(self) -> None:
        ports = self.system.core.ports
        work = create_user(Actor.operator(), "Root", "root@example.com", "password", is_admin=True, ports=ports)
        user = self.system.core.runner.run(work)
        self.users[user.id] = ModelUser(
            user.id, "root@example.com", "password", "admin", changes=[("operator", "user.created")]
        )
        self._queue_counted(MailKind.VERIFY_EMAIL, "root@example.com")

    @rule(email=emails, password=passwords)
    def sign_up(self, email: str, password: str) -> None:
        answer = self.driver.sign_up(email, password)
        if password == "short":
            assert answer == Answer("invalid_fields")
        elif self._by_email(email):
            assert answer == Answer("email_taken")
        else:
            assert answer == Answer(OK)
            user_id, token = answer.value
            assert user_id not in self.users
            self.users[user_id] = ModelUser(user_id, email, _normal(password), changes=[(user_id, "user.created")])
            self._queue_counted(MailKind.VERIFY_EMAIL, email.lower())
            self._open(user_id, token)

    @rule(email=emails, password=passwords)
    def log_in(self, email: str, password: str) -> None:
        answer = self.driver.log_in(email, password)
        user = self._by_email(email)
        if user is None or user.password != _normal(password):
            assert answer == Answer("invalid_credentials")
        else:
            self._entered(user, answer)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def look_at_oneself(self, data: st.DataObject) -> None:
        token = self._token(data)
        answer = self.driver.me(token)
        session = self._good(token)
        if session is None:
            assert answer == Answer("invalid_token")
        else:
            user = self.users[session.user_id]
            name = "Root" if user.email == "root@example.com" and user.changes[0][0] == "operator" else "Somebody"
            assert answer.value == (user.id, name, user.email, user.role, user.plan)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), scope=st.sampled_from(["local", "others", "global"]))
    def log_out(self, data: st.DataObject, scope: str) -> None:
        token = self._token(data)
        answer = self.driver.log_out(token, scope)
        session = self._good(token)
        assert answer == Answer(OK if session else "invalid_token")
        if session and scope == "local":
            self._end(token)
        elif session:
            self._end_all(session.user_id, keep=token if scope == "others" else None)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def end_another_session(self, data: st.DataObject) -> None:
        token, other = self._token(data), self._token(data)
        theirs = self._good(other)
        other_id = self._session_id(other) if theirs else "s_unknown"
        answer = self.driver.end_session(token, other_id)
        session = self._good(token)
        if session is None:
            assert answer == Answer("invalid_token")
        elif theirs is None or theirs.user_id != session.user_id:
            assert answer == Answer("not_found")
        else:
            assert answer == Answer(OK)
            self._end(other)

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), current=passwords, password=passwords)
    def change_password(self, data: st.DataObject, current: str, password: str) -> None:
        token = self._token(data)
        session = self._good(token)
        if session and data.draw(st.booleans()):
            current = self.users[session.user_id].password
        answer = self.driver.change_password(token, current, password)
        if session is None:
            assert answer == Answer("invalid_token")
        elif password == "short":
            assert answer == Answer("invalid_fields")
        elif self.users[session.user_id].password != _normal(current):
            assert answer == Answer("invalid_credentials")
        else:
            assert answer == Answer(OK)
            self._set_password(self.users[session.user_id], password, keep=token)

    @rule(email=st.one_of(emails, st.just("nobody@example.com")))
    def forget_password(self, email: str) -> None:
        self.forget_password_of(email)

    def forget_password_of(self, email: str) -> None:
        """Asks for a link."""
        assert self.driver.forgot_password(email) == Answer(OK)
        self.queue.append((MailKind.RESET_LINK, email.lower(), self.now))

    @rule(data=st.data())
    def get_a_link(self, data: st.DataObject) -> None:
        """What seldom comes together by chance: somebody with an account asks, and the mail is sent."""
        user = self.users[data.draw(st.sampled_from(list(self.users)), label="user")]
        self.forget_password_of(user.email)
        self.deliver_all()

    @rule(data=st.data())
    def log_in_as_somebody(self, data: st.DataObject) -> None:
        """With the right password, which seldom is drawn."""
        user = self.users[data.draw(st.sampled_from(list(self.users)), label="user")]
        self._entered(user, self.driver.log_in(user.email, user.password))

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def get_a_factor(self, data: st.DataObject) -> None:
        token = self._token(data)
        answer = self.driver.set_up_totp(token)
        refusal = self._refusal_of_change(token)
        assert answer == Answer(refusal or OK)
        if refusal:
            return
        session, app = self.sessions[token], TotpApp(answer.value, self.system.clock)
        assert self.driver.confirm_totp(token, "no code") == Answer("invalid_code")
        answer = self.driver.confirm_totp(token, app.code)
        assert answer == Answer(OK)
        user = self.users[session.user_id]
        user.factor = ModelFactor(app, self.now, step_at(self.now), list(answer.value))
        session.proven_at, session.has_factor = self.now, True
        self._queue_counted(MailKind.FACTOR_ADDED, user.email.lower())

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def remove_the_factor(self, data: st.DataObject) -> None:
        token = self._token(data)
        answer = self.driver.remove_totp(token)
        refusal = self._refusal_of_change(token)
        user = None if refusal else self.users[self.sessions[token].user_id]
        if user and user.factor is None:
            refusal = "not_found"
        assert answer == Answer(refusal or OK)
        if user and user.factor:
            user.factor = None
            self._queue_counted(MailKind.FACTOR_REMOVED, user.email.lower())

    @precondition(lambda self: any(user.factor for user in self.users.values()))
    @rule(data=st.data(), seconds=st.sampled_from([-30, 0, 0, 30]), kind=st.sampled_from(["app", "codes", "used"]))
    def log_in_with_a_factor(self, data: st.DataObject, seconds: int, kind: str) -> None:
        """The code is one of around now, or one that stands in for it, or one that was used."""
        user = data.draw(st.sampled_from([user for user in self.users.values() if user.factor]), label="user")
        factor, instant = user.factor, self.now + timedelta(seconds=seconds)
        assert factor is not None
        codes = {"app": [factor.app.code_at(instant)], "codes": factor.codes, "used": factor.used}[kind]
        code = data.draw(st.sampled_from(codes or ["no code"]), label="code")
        step = step_at(instant) if kind == "app" else factor.last_step
        for _ in range(2):  # of what worked just now, the second time is the interesting one
            challenge = self._entered(user, self.driver.log_in(user.email, user.password))
            if challenge:
                self._answer(user, factor, challenge, code, step)

    def _answer(self, user: ModelUser, factor: ModelFactor, challenge: str, code: str, step: int) -> None:
        answer = self.driver.log_in_with_second_factor(challenge, code)
        is_recovery_code = code in factor.codes
        if not factor.take(code, step):
            assert answer == Answer("invalid_code")
            return
        assert answer == Answer(OK)
        self._open(user.id, answer.value[1], has_factor=True)
        if is_recovery_code:
            self._queue_counted(MailKind.RECOVERY_CODE_USED, user.email.lower())
        if is_recovery_code and len(factor.codes) == 3:
            self._queue_counted(MailKind.RECOVERY_CODES_LOW, user.email.lower())

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def ask_for_another_verification(self, data: st.DataObject) -> None:
        token = self._token(data)
        answer = self.driver.resend_verification(token)
        session = self._good(token)
        assert answer == Answer(OK if session else "invalid_token")
        if session and not self.users[session.user_id].is_verified:
            self._queue_counted(MailKind.VERIFY_EMAIL, self.users[session.user_id].email.lower())

    @precondition(lambda self: self.secrets)
    @rule(data=st.data())
    def verify_an_address(self, data: st.DataObject) -> None:
        secret = data.draw(st.sampled_from(self.secrets), label="secret")
        answer = self.driver.verify_email(secret.secret)
        user = self.users.get(secret.user_id)
        is_over = secret.kind is not MailKind.VERIFY_EMAIL or secret.is_used or self.now >= secret.expires_at
        if user is None or is_over or user.is_verified:
            assert answer == Answer("invalid_email_token")
        else:
            assert answer == Answer(OK)
            secret.is_used = True
            self._verify(user)

    @precondition(lambda self: self.secrets)
    @rule(data=st.data(), password=passwords)
    def reset_password(self, data: st.DataObject, password: str) -> None:
        self._reset(data.draw(st.sampled_from(self.secrets), label="secret"), password)

    @precondition(lambda self: any(user.factor for user in self.users.values()))
    @rule(data=st.data(), days=st.sampled_from([0, 6, 7, 8]))
    def lose_the_phone(self, data: st.DataObject, days: int) -> None:
        user = data.draw(st.sampled_from([user for user in self.users.values() if user.factor]), label="user")
        self.system.clock.advance(days=days)
        self.forget_password_of(user.email)
        self.deliver_all()
        for secret in [secret for secret in self.secrets if secret.user_id == user.id][-1:]:
            self._reset(secret, "password")

    def _reset(self, secret: ModelSecret, password: str) -> None:
        answer = self.driver.reset_password(secret.secret, password)
        user = self.users.get(secret.user_id)
        if password == "short":
            assert answer == Answer("invalid_fields")
        elif user is None or secret.kind is not MailKind.RESET_LINK or secret.is_used or self.now >= secret.expires_at:
            assert answer == Answer("invalid_reset_token")
        else:
            assert answer == Answer(OK)
            if user.factor and not (user.is_verified and user.factor.added_at < self.now - ADDED_LATELY):
                user.factor = None
            self._verify(user)
            self._set_password(user, password)

    @rule(data=st.data())
    def change_somebody(self, data: st.DataObject) -> None:
        actor = self._actor(data)
        user_id = data.draw(st.sampled_from([*self.users, "u_unknown"]), label="user")
        changes = data.draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "status": st.sampled_from(["active", "suspended"]),
                    "role": st.sampled_from(["user", "admin"]),
                    "plan": st.sampled_from(["Starter", "Growth"]),
                },
            ),
            label="changes",
        )
        answer = self.driver.change_user(actor, user_id, changes)
        refusal = self._refusal(actor, user_id)
        if refusal:
            assert answer == Answer(refusal)
            return
        user = self.users[user_id]
        after = attrs.evolve(user)
        for field, value in changes.items():
            setattr(after, field, value)
        if _is_active_admin(user) and not _is_active_admin(after) and self._admins() == [user]:
            assert answer == Answer("last_admin")
            return
        assert answer == Answer(OK)
        assert answer.value == (after.status, after.role, after.plan)
        if after == user:
            return
        admin = self.sessions[actor].user_id
        if (after.role, after.plan) != (user.role, user.plan):
            after.changes.append((admin, "user.updated"))
        if after.status != user.status:
            after.changes.append((admin, "user.suspended" if after.status == "suspended" else "user.activated"))
        self.users[user_id] = after
        if after.status == "suspended" and user.status == "active":
            self._end_all(user_id)
            self._void_all(user_id)

    @rule(data=st.data())
    def delete_somebody(self, data: st.DataObject) -> None:
        actor = self._actor(data)
        user_id = data.draw(st.sampled_from([*self.users, "u_unknown"]), label="user")
        answer = self.driver.delete_user(actor, user_id)
        refusal = self._refusal(actor, user_id)
        if refusal is None and self._admins() == [self.users[user_id]]:
            refusal = "last_admin"
        assert answer == Answer(refusal or OK)
        if refusal is None:
            self._end_all(user_id)
            self._forget_mails(self.users.pop(user_id).email.lower())

    @rule(data=st.data())
    def look_at_all(self, data: st.DataObject) -> None:
        actor = self._actor(data)
        answer = self.driver.list_users(actor)
        refusal = self._refusal(actor, None)
        assert answer == Answer(refusal or OK)
        if refusal is None:
            assert answer.value == {user.email for user in self.users.values()}
            for user in self.users.values():
                assert self.driver.list_changes(actor, user.id).value == sorted(user.changes)

    @rule()
    def deliver(self) -> None:
        self.deliver_all()

    def deliver_all(self) -> None:
        """Sends what waits."""
        before = len(self.system.mailbox.mails)
        core = self.system.core
        core.runner.run(deliver_due_mails(ports=core.ports))
        sent = self.system.mailbox.mails[before:]
        expected: Counter[tuple[str, str]] = Counter()
        for kind, email, queued_at in self.queue:
            user = self._by_email(email)
            if user and (kind in NOTICES or self._may_get_link(user, kind)):
                expected[(kind, user.email)] += 1
            elif kind is not MailKind.RESET_LINK:
                self.counted[kind, email].remove(queued_at)
        self.queue.clear()
        assert Counter((mail.kind, mail.to.typed) for mail in sent) == expected
        for mail in sent:
            user = self._by_email(mail.to.typed)
            if isinstance(mail, SecretMail) and user:
                lifetime = HOUR if mail.kind is MailKind.RESET_LINK else VERIFY_LIFETIME
                self.secrets.append(ModelSecret(mail.kind, mail.secret, user.id, self.now + lifetime))

    @rule(passing=st.sampled_from([1, 59, 61, 600, 3601, 86400, 604_800]))
    def let_time_pass(self, passing: int) -> None:
        self.system.clock.advance(seconds=passing)

    @rule()
    def clear_away(self) -> None:
        core = self.system.core
        core.runner.run(purge(ports=core.ports))

    @invariant()
    def somebody_administers(self) -> None:
        assert self._admins() or not self.users

    @invariant()
    def ended_tokens_stay_refused(self) -> None:
        for token in self.ended[-3:]:
            assert self.driver.me(token) == Answer("invalid_token")

    def _by_email(self, email: str) -> ModelUser | None:
        return next((user for user in self.users.values() if user.email.lower() == email.lower()), None)

    def _admins(self) -> list[ModelUser]:
        return [user for user in self.users.values() if _is_active_admin(user)]

    def _open(self, user_id: str, token: str, *, has_factor: bool = False) -> None:
        assert token not in self.sessions
        self.sessions[token] = ModelSession(token, user_id, self.now + SESSION_LIFETIME, self.now, has_factor)

    def _entered(self, user: ModelUser, answer: Answer) -> str | None:
        """Checks the answer to a log-in with the right password; returns the challenge, if there is one."""
        if user.status == "suspended":
            assert answer == Answer("account_suspended")
        elif user.factor:
            assert answer == Answer("second_factor_required")
            return str(answer.value)
        else:
            assert answer == Answer(OK)
            user_id, token = answer.value
            assert user_id == user.id
            self._open(user_id, token)
        return None

    def _refusal_of_change(self, token: str) -> str | None:
        """Returns what is answered to whoever did not prove lately, by the factor if there is one, whose it is."""
        session = self._good(token)
        if session is None:
            return "invalid_token"
        is_recent = self.now < session.proven_at + STEP_UP_LIFETIME
        has_factor = self.users[session.user_id].factor is not None
        return None if is_recent and (session.has_factor or not has_factor) else "step_up_required"

    def _good(self, token: str) -> ModelSession | None:
        session = self.sessions.get(token)
        return session if session and self.now < session.expires_at + LEEWAY else None

    def _token(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([*self.sessions, *self.ended[-2:]]), label="token")

    def _actor(self, data: st.DataObject) -> str:
        """Draws a token: mostly that of an admin, made if there is none."""
        if data.draw(st.integers(0, 3), label="a user acts") == 0 and self.sessions:
            return self._token(data)
        admin = self._admins()[0]
        for token, session in self.sessions.items():
            if session.user_id == admin.id and self._good(token):
                return token
        challenge = self._entered(admin, self.driver.log_in(admin.email, admin.password))
        if admin.factor and challenge:
            self.system.clock.advance(seconds=30)
            self._answer(admin, admin.factor, challenge, admin.factor.app.code, step_at(self.now))
        return list(self.sessions)[-1]

    def _session_id(self, token: str) -> str:
        listed: dict[str, bool] = self.driver.sessions(token).value
        user_id = self.sessions[token].user_id
        good = [other for other, session in self.sessions.items() if session.user_id == user_id and self._good(other)]
        assert len(listed) == len(good)
        (current,) = [session_id for session_id, is_current in listed.items() if is_current]
        return current

    def _refusal(self, actor: str, user_id: str | None) -> str | None:
        session = self._good(actor)
        if session is None:
            return "invalid_token"
        if self.users[session.user_id].role != "admin":
            return "forbidden"
        return None if user_id is None or user_id in self.users else "not_found"

    def _end(self, token: str) -> None:
        del self.sessions[token]
        self.ended.append(token)

    def _end_all(self, user_id: str, keep: str | None = None) -> None:
        for token in [token for token, session in self.sessions.items() if session.user_id == user_id]:
            if token != keep:
                self._end(token)

    def _void_all(self, user_id: str) -> None:
        for secret in self.secrets:
            secret.is_used |= secret.user_id == user_id

    def _set_password(self, user: ModelUser, password: str, keep: str | None = None) -> None:
        user.password = _normal(password)
        self._end_all(user.id, keep)
        self._void_all(user.id)
        self._queue_counted(MailKind.PASSWORD_CHANGED, user.email.lower())

    def _queue_counted(self, kind: MailKind, email: str) -> None:
        """Queues a mail, unless the address had its fill of this kind."""
        if sum(at > self.now - HOUR for at in self.counted[kind, email]) < MAILS_AN_HOUR:
            self.queue.append((kind, email, self.now))
            self.counted[kind, email].append(self.now)

    def _forget_mails(self, address: str) -> None:
        """With an account go the mails to its address that wait."""
        for kind, email, queued_at in self.queue:
            if email == address and kind is not MailKind.RESET_LINK:
                self.counted[kind, email].remove(queued_at)
        self.queue = [mail for mail in self.queue if mail[1] != address]

    def _verify(self, user: ModelUser) -> None:
        if not user.is_verified:
            user.is_verified = True
            user.changes.append((user.id, "user.email_verified"))

    def _may_get_link(self, user: ModelUser, kind: MailKind) -> bool:
        recent = [at for at in user.linked_at[kind] if at > self.now - HOUR]
        is_done = kind is MailKind.VERIFY_EMAIL and user.is_verified
        if len(recent) >= LINKS_AN_HOUR or user.status == "suspended" or is_done:
            return False
        user.linked_at[kind].append(self.now)
        return True


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)


def _is_active_admin(user: ModelUser) -> bool:
    return (user.role, user.status) == ("admin", "active")
