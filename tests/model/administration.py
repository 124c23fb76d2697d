"""Rules: administering the accounts of others."""

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import rule

from leadnator_auth.domain import MailKind
from tests.model.answers import OK, Answer
from tests.model.model import Model
from tests.model.state import ModelUser, emails, is_active_admin


class Administration(Model):
    """What admins do, and whoever would like to be one."""

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
                    "email": emails,
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
        after = attrs.evolve(user, changes=list(user.changes))
        for field, value in changes.items():
            setattr(after, field, value)
        is_moved = after.email.lower() != user.email.lower()
        after.is_verified &= not is_moved
        if is_active_admin(user) and not is_active_admin(after) and self._admins() == [user]:
            assert answer == Answer("last_admin")
        elif is_moved and self._by_email(after.email):  # whoever had it must go without: an admin may give it away
            assert answer == Answer("email_taken")
        else:
            assert answer == Answer(OK)
            assert answer.value == (after.status, after.role, after.plan)
            self._tell_changes(self.sessions[actor].user_id, user, after)
            self.users[user_id] = after
            self._follow_change(user, after, is_moved=is_moved)

    def _tell_changes(self, admin: str, before: ModelUser, after: ModelUser) -> None:
        """What has an event of its own, and one for all the rest."""
        if (after.role, after.plan, after.is_verified) != (before.role, before.plan, before.is_verified):
            after.changes.append((admin, "user.updated"))
        if after.status != before.status:
            after.changes.append((admin, "user.suspended" if after.status == "suspended" else "user.activated"))
        if after.email != before.email:
            after.changes.append((admin, "user.email_changed"))

    def _follow_change(self, before: ModelUser, after: ModelUser, *, is_moved: bool) -> None:
        if is_moved:
            self._void_all(after)
        if after.status == "suspended" and before.status == "active":
            self._end_all(after.id)
            self._void_all(after)
        if is_moved:
            self._queue(MailKind.EMAIL_CHANGED_BY_ADMIN, before.email.lower(), after)
            self._queue_counted(MailKind.VERIFY_EMAIL, after.email.lower())

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
            self._forget_mails(self.users.pop(user_id))

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
