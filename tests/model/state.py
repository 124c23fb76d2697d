"""What the model keeps in mind, and what is drawn."""

import unicodedata
from collections import defaultdict
from datetime import datetime, timedelta

import attrs
from hypothesis import strategies as st

from leadnator_auth.adapters.memory import FakeClock, Mailbox
from leadnator_auth.domain import MailKind
from leadnator_auth.testing.totp_app import TotpApp
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
UNDO_LIFETIME = timedelta(days=7)
NOTICES = frozenset(
    {
        MailKind.PASSWORD_CHANGED,
        MailKind.FACTOR_ADDED,
        MailKind.FACTOR_REMOVED,
        MailKind.RECOVERY_CODE_USED,
        MailKind.RECOVERY_CODES_LOW,
    }
)

emails = st.sampled_from(
    ["ann@example.com", "Ann@Example.com", "bob@example.com", "cat@example.com", "root@example.com"]
)
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
    password: str | None
    """None where an undo took it."""
    name: str = "Somebody"
    role: str = "user"
    plan: str = "Starter"
    status: str = "active"
    is_verified: bool = False
    factor: ModelFactor | None = None
    linked_at: defaultdict[MailKind, list[datetime]] = attrs.Factory(lambda: defaultdict(list))
    changes: list[tuple[str, str]] = attrs.Factory(list)
    pending: str | None = None
    """The address that was asked for last."""
    epoch: int = 0
    """How often its mailed secrets were voided."""
    moves: list["ModelMove"] = attrs.Factory(list)
    """The changes of its address that can be undone, and some of which nobody has noticed that they cannot."""


@attrs.frozen
class ModelMove:
    """A change of address, and what was so before."""

    epoch: int
    email: str
    was_verified: bool
    at: datetime

    @property
    def until(self) -> datetime:
        return self.at + UNDO_LIFETIME


@attrs.frozen
class ModelMail:
    """A mail that waits: to whoever has the address, or of an account to an address that it wants or had."""

    kind: MailKind
    email: str
    queued_at: datetime
    user_id: str | None = None
    epoch: int = 0


@attrs.define
class ModelSecret:
    """A secret out of a mail."""

    kind: MailKind
    secret: str
    user_id: str
    email: str
    expires_at: datetime
    epoch: int
    is_used: bool = False


@attrs.frozen
class System:
    """The product under test, empty, and what a test needs to steer it."""

    core: CoreDriver
    driver: CoreDriver | HttpDriver
    clock: FakeClock
    mailbox: Mailbox


def normal(password: str) -> str:
    """Returns the form that is compared."""
    return unicodedata.normalize("NFC", password)


def is_active_admin(user: ModelUser) -> bool:
    """Returns whether it may administer the accounts of others."""
    return (user.role, user.status) == ("admin", "active")
