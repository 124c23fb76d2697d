"""The answers to a caller, the same whichever way they asked."""

from typing import Any, Protocol

import attrs

OK = "ok"


@attrs.frozen
class Answer:
    """`OK` or the code of the refusal, and what came with it."""

    code: str
    value: Any = attrs.field(default=None, eq=False)  # what it is depends on what was asked


class Driver(Protocol):
    """A way to use the product."""

    def sign_up(self, email: str, password: str) -> Answer:
        """With the id and the token."""

    def log_in(self, email: str, password: str) -> Answer:
        """With the id and the token, or the challenge of a second factor."""

    def log_in_with_second_factor(self, challenge: str, code: str) -> Answer:
        """With the id and the token."""

    def set_up_totp(self, token: str) -> Answer:
        """With the secret."""

    def confirm_totp(self, token: str, code: str) -> Answer:
        """With the recovery codes."""

    def remove_totp(self, token: str) -> Answer: ...

    def me(self, token: str) -> Answer:
        """With the id, the name, the e-mail address, the role and the plan."""

    def log_out(self, token: str, scope: str) -> Answer: ...

    def sessions(self, token: str) -> Answer:
        """With a dictionary: the id of each session, and whether it is the one that asks."""

    def end_session(self, token: str, session_id: str) -> Answer: ...

    def change_password(self, token: str, current: str, password: str) -> Answer: ...

    def forgot_password(self, email: str) -> Answer: ...

    def reset_password(self, secret: str, password: str) -> Answer: ...

    def change_email(self, token: str, email: str) -> Answer: ...

    def confirm_email(self, secret: str) -> Answer: ...

    def undo_email_change(self, secret: str) -> Answer: ...

    def change_user(self, token: str, user_id: str, changes: dict[str, str]) -> Answer:
        """With the status, the role and the plan."""

    def delete_user(self, token: str, user_id: str) -> Answer: ...

    def list_users(self, token: str) -> Answer:
        """With the e-mail addresses."""

    def list_changes(self, token: str, user_id: str) -> Answer:
        """With the actor and the type of each event about an account itself, newest first."""
