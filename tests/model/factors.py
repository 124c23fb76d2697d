"""Rules: second factors."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from leadnator_auth.domain import MailKind
from leadnator_auth.domain.values.totp import step_at
from leadnator_auth.testing.totp_app import TotpApp
from tests.model.answers import OK, Answer
from tests.model.model import Model
from tests.model.state import ModelFactor


class Factors(Model):
    """What the owners of second factors do, and whoever has a code of theirs."""

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
            challenge = self._entered(user, self.driver.log_in(user.email, self._password_of(user)))
            if challenge:
                self._answer(user, factor, challenge, code, step)

    @precondition(lambda self: any(user.factor for user in self.users.values()))
    @rule(data=st.data(), days=st.sampled_from([0, 6, 7, 8]))
    def lose_the_phone(self, data: st.DataObject, days: int) -> None:
        user = data.draw(st.sampled_from([user for user in self.users.values() if user.factor]), label="user")
        self.system.clock.advance(days=days)
        self.forget_password_of(user.email)
        self.deliver_all()
        for secret in [secret for secret in self.secrets if secret.user_id == user.id][-1:]:
            self._reset(secret, "password")
