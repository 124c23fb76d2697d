"""A model of the product in dictionaries: what all rules share."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from leadnator_auth.domain import Actor, MailKind, create_user, purge
from leadnator_auth.domain.values.totp import step_at
from tests.model.answers import OK, Answer
from tests.model.mails import RESETS, Mails
from tests.model.state import (
    ADDED_LATELY,
    LEEWAY,
    SESSION_LIFETIME,
    STEP_UP_LIFETIME,
    ModelFactor,
    ModelSecret,
    ModelSession,
    ModelUser,
    is_active_admin,
    normal,
)


class Model(Mails):
    """Accounts and their sessions."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, ModelSession] = {}
        self.ended: list[str] = []
        self.driver = self.system.driver

    @initialize()
    def an_admin(self) -> None:
        ports = self.system.core.ports
        work = create_user(Actor.operator(), "Root", "root@example.com", "password", is_admin=True, ports=ports)
        user = self.system.core.runner.run(work)
        admin = ModelUser(user.id, "root@example.com", "password", "Root", "admin")
        admin.changes.append(("operator", "user.created"))
        self.users[user.id] = admin
        self._queue_counted(MailKind.VERIFY_EMAIL, "root@example.com")

    @rule(passing=st.sampled_from([1, 59, 61, 600, 3601, 86400, 604_800]))
    def let_time_pass(self, passing: int) -> None:
        self.system.clock.advance(seconds=passing)

    @rule()
    def clear_away(self) -> None:
        core = self.system.core
        core.runner.run(purge(ports=core.ports))
        for user in self.users.values():
            user.moves = [move for move in user.moves if self.now < move.until]

    @invariant()
    def somebody_administers(self) -> None:
        assert self._admins() or not self.users

    @invariant()
    def ended_tokens_stay_refused(self) -> None:
        for token in self.ended[-3:]:
            assert self.driver.me(token) == Answer("invalid_token")

    def _admins(self) -> list[ModelUser]:
        return [user for user in self.users.values() if is_active_admin(user)]

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
        return self._token_of(self._admins()[0])

    def _token_of(self, user: ModelUser, *, is_proven: bool = False) -> str:
        """Returns a token of an active account, perhaps of whoever proved lately whose it is; made if there is none."""
        for token, session in self.sessions.items():
            is_enough = not is_proven or self._refusal_of_change(token) is None
            if session.user_id == user.id and self._good(token) and is_enough:
                return token
        challenge = self._entered(user, self.driver.log_in(user.email, self._password_of(user)))
        if user.factor and challenge:
            self.system.clock.advance(seconds=60)  # the code of the next half a minute was perhaps used
            self._answer(user, user.factor, challenge, user.factor.app.code, step_at(self.now))
        return list(self.sessions)[-1]

    def _password_of(self, user: ModelUser) -> str:
        """Returns the password; one whose owner has none is set, by a link of an hour in which there was no other."""
        if user.password is None:
            self.system.clock.advance(hours=1)
            self.forget_password_of(user.email)
            self.deliver_all()
            self._reset([secret for secret in self.secrets if secret.user_id == user.id][-1], "password")
        assert user.password is not None
        return user.password

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

    def _void_all(self, user: ModelUser) -> None:
        """Voids what was mailed, but what undoes a change of address."""
        user.epoch, user.pending = user.epoch + 1, None
        for secret in self.secrets:
            secret.is_used |= secret.user_id == user.id and secret.kind is not MailKind.EMAIL_CHANGED

    def _set_password(self, user: ModelUser, password: str, keep: str | None = None) -> None:
        user.password = normal(password)
        self._end_all(user.id, keep)
        self._void_all(user)
        self._queue_counted(MailKind.PASSWORD_CHANGED, user.email.lower())

    def _reset(self, secret: ModelSecret, password: str) -> None:
        answer = self.driver.reset_password(secret.secret, password)
        user = self.users.get(secret.user_id)
        if password == "short":
            assert answer == Answer("invalid_fields")
        elif user is None or secret.kind not in RESETS or secret.is_used or self.now >= secret.expires_at:
            assert answer == Answer("invalid_reset_token")
        else:
            assert answer == Answer(OK)
            if user.factor and not (user.is_verified and user.factor.added_at < self.now - ADDED_LATELY):
                user.factor = None
            self._verify(user)
            self._set_password(user, password)

    def forget_password_of(self, email: str) -> None:
        """Asks for a link."""
        assert self.driver.forgot_password(email) == Answer(OK)
        self._queue(MailKind.RESET_LINK, email.lower())

    def _verify(self, user: ModelUser) -> None:
        if not user.is_verified:
            user.is_verified = True
            user.changes.append((user.id, "user.email_verified"))
