"""Those who administer: their name in events, and the proof of their right."""

import attrs

from leadnator_auth.domain.entities.session import Identity
from leadnator_auth.domain.values.ids import SessionId

OPERATOR = "operator"
"""No account has this id: theirs begin with "u_"."""


@attrs.frozen
class Actor:
    """Somebody who administers the accounts of others."""

    id: str
    """Their name in events: the id of an admin's account, or `OPERATOR`."""
    session_id: SessionId | None = None
    """The session that an admin acts through; the operator neither has nor needs one."""

    @classmethod
    def through(cls, identity: Identity) -> "Actor":
        """Returns the actor behind a session; each transaction checks whether they may administer."""
        return cls(identity.user.id, identity.session.id)

    @classmethod
    def operator(cls) -> "Actor":
        """Returns the operator, who has the machine and so may do everything: the command line."""
        return cls(OPERATOR)
