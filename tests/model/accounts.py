"""Rules: signing up, getting in, sessions and passwords."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from leadnator_auth.domain import MailKind
from tests.model.answers import OK, Answer
from tests.model.model import Model
from tests.model.state import ModelUser, emails, normal, passwords


class Accounts(Model):
    """What everybody does."""

    @rule(email=emails, password=passwords)
    def sign_up(self, email: str, password: str) -> None:
        answer = self.driver.sign_up(email, password)
        if password == "short":
            assert answer == Answer("invalid_fields")
        elif self._is_taken(email):
            assert answer == Answer("email_taken")
        else:
            assert answer == Answer(OK)
            user_id, token = answer.value
            assert user_id not in self.users
            self.users[user_id] = ModelUser(user_id, email, normal(password), changes=[(user_id, "user.created")])
            self._queue_counted(MailKind.VERIFY_EMAIL, email.lower())
            self._open(user_id, token)

    @rule(email=emails, password=passwords)
    def log_in(self, email: str, password: str) -> None:
        answer = self.driver.log_in(email, password)
        user = self._by_email(email)
        if user is None or user.password != normal(password):
            assert answer == Answer("invalid_credentials")
        else:
            self._entered(user, answer)

    @rule(data=st.data())
    def log_in_as_somebody(self, data: st.DataObject) -> None:
        """With the right password, which seldom is drawn."""
        user = self.users[data.draw(st.sampled_from(list(self.users)), label="user")]
        if user.password:
            self._entered(user, self.driver.log_in(user.email, user.password))

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
            assert answer.value == (user.id, user.name, user.email, user.role, user.plan)

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
            current = self.users[session.user_id].password or current
        answer = self.driver.change_password(token, current, password)
        if session is None:
            assert answer == Answer("invalid_token")
        elif password == "short":
            assert answer == Answer("invalid_fields")
        elif self.users[session.user_id].password != normal(current):
            assert answer == Answer("invalid_credentials")
        else:
            assert answer == Answer(OK)
            self._set_password(self.users[session.user_id], password, keep=token)

    @rule(email=st.one_of(emails, st.just("nobody@example.com")))
    def forget_password(self, email: str) -> None:
        self.forget_password_of(email)

    @rule(data=st.data())
    def get_a_link(self, data: st.DataObject) -> None:
        """What seldom comes together by chance: somebody with an account asks, and the mail is sent."""
        user = self.users[data.draw(st.sampled_from(list(self.users)), label="user")]
        self.forget_password_of(user.email)
        self.deliver_all()

    @precondition(lambda self: self.secrets)
    @rule(data=st.data(), password=passwords)
    def reset_password(self, data: st.DataObject, password: str) -> None:
        self._reset(data.draw(st.sampled_from(self.secrets), label="secret"), password)
