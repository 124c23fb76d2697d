"""Rules: addresses, proved and changed."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from leadnator_auth.domain import MailKind
from tests.model.answers import OK, Answer
from tests.model.model import Model
from tests.model.state import ModelMove, ModelSecret, ModelUser, emails


class Addresses(Model):
    """What owners do about their addresses, and whoever reads mails to them."""

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

    @precondition(lambda self: self.sessions)
    @rule(data=st.data(), email=emails)
    def ask_for_another_address(self, data: st.DataObject, email: str) -> None:
        self._ask(self._token(data), email)

    @rule(data=st.data(), email=emails, tells=st.booleans())
    def move(self, data: st.DataObject, email: str, tells: bool) -> None:
        """What seldom comes together by chance: one asks, or another, too, and then each confirms."""
        users = [user for user in self.users.values() if user.status == "active"]
        for user in data.draw(st.lists(st.sampled_from(users), min_size=1, max_size=2), label="users"):
            self._ask(self._token_of(user, is_proven=True), email)
            self.deliver_all()
        for secret in [secret for secret in self.secrets if secret.kind is MailKind.CONFIRM_EMAIL][-2:]:
            self._confirm(secret)
        if tells:
            self.deliver_all()

    def _ask(self, token: str, email: str) -> None:
        self._part(MailKind.CONFIRM_EMAIL, email)
        answer = self.driver.change_email(token, email)
        refusal = self._refusal_of_change(token)
        assert answer == Answer(refusal or OK)
        if refusal is None:
            user = self.users[self.sessions[token].user_id]
            is_present = email.lower() == user.email.lower()
            user.pending = None if is_present else email
            if not is_present:
                self._queue_counted(MailKind.CONFIRM_EMAIL, email.lower(), user)

    @precondition(lambda self: self.secrets)
    @rule(data=st.data())
    def confirm_an_address(self, data: st.DataObject) -> None:
        self._confirm(self._secret(data, MailKind.CONFIRM_EMAIL))

    def _confirm(self, secret: ModelSecret) -> None:
        user = self.users.get(secret.user_id)
        if user:
            self._part(MailKind.EMAIL_CHANGED, user.email)
        answer = self.driver.confirm_email(secret.secret)
        is_over = secret.kind is not MailKind.CONFIRM_EMAIL or secret.is_used or self.now >= secret.expires_at
        if user is None or is_over or user.pending is None or user.pending.lower() != secret.email:
            assert answer == Answer("invalid_email_token")
        elif self._is_taken(secret.email, but=user):
            assert answer == Answer("email_taken")
        else:
            assert answer == Answer(OK)
            old, was_verified, user.email = user.email, user.is_verified, user.pending
            self._verify(user)
            self._void_all(user)
            user.moves.append(ModelMove(user.epoch, old, was_verified, self.now))
            user.changes.append((user.id, "user.email_changed"))
            self._queue(MailKind.EMAIL_CHANGED, old.lower(), user)

    @precondition(lambda self: any(secret.kind is MailKind.EMAIL_CHANGED for secret in self.secrets))
    @rule(data=st.data())
    def undo_a_change(self, data: st.DataObject) -> None:
        """The link that comes with it is not to be one of many that were asked for in the same instant."""
        secret = self._secret(data, MailKind.EMAIL_CHANGED)
        self.deliver_all()
        answer = self.driver.undo_email_change(secret.secret)
        user = self.users.get(secret.user_id)
        is_over = secret.kind is not MailKind.EMAIL_CHANGED or secret.is_used or self.now >= secret.expires_at
        move = self._move(user, secret.epoch) if user and not is_over else None
        if user is None or move is None:
            assert answer == Answer("invalid_email_token")
        elif self._by_email(move.email) not in (None, user):
            assert answer == Answer("email_taken")
        else:
            assert answer == Answer(OK)
            old, secret.is_used = user.password or "password", True
            self._undo(user, move)
            assert self.driver.log_in(user.email, old) == Answer("invalid_credentials")
        self.deliver_all()

    def _undo(self, user: ModelUser, move: ModelMove) -> None:
        user.email, user.is_verified, user.password = move.email, move.was_verified, None
        user.moves = [other for other in user.moves if other.epoch < move.epoch]
        if user.factor and user.factor.added_at >= move.at:
            user.factor = None
        self._end_all(user.id)
        self._void_all(user)
        user.changes.append((user.id, "user.email_change_undone"))
        self._queue(MailKind.EMAIL_CHANGE_UNDONE, move.email.lower())

    def _secret(self, data: st.DataObject, kind: MailKind) -> ModelSecret:
        """Draws a secret, mostly of this kind."""
        fitting = [secret for secret in self.secrets if secret.kind is kind]
        is_any = not fitting or data.draw(st.integers(0, 4), label="any secret") == 0
        return data.draw(st.sampled_from(self.secrets if is_any else fitting), label="secret")

    def _part(self, kind: MailKind, email: str) -> None:
        """Sends what waits, lest two mails look the same of which one is another account's, or another change's."""
        if any((mail.kind, mail.email) == (kind, email.lower()) for mail in self.queue):
            self.deliver_all()
