"""A ledger of what callers were told, which must hold from then on; what failed on the way may have gone either way."""

from datetime import datetime
from typing import Generic, TypeVar

import attrs

from leadnator_auth.domain import Purpose, Role, SessionId, Status, UserId

Value = TypeVar("Value")


@attrs.define(eq=False)
class Write(Generic[Value]):
    """A value that somebody sets; `older` are the writes that it replaces if it succeeds."""

    value: Value
    older: "list[Write[Value]]"
    is_over: bool = False


class Register(Generic[Value]):
    """What a value may be, by what was acknowledged: each write under way, or of unknown fate, may have happened."""

    __slots__ = ("_writes", "begun")

    def __init__(self, value: Value) -> None:
        self._writes = [Write(value, [], is_over=True)]
        self.begun = 0
        """How many writes were begun: the same number twice means that nothing was, in between."""

    def begin(self, value: Value) -> Write[Value]:
        """Returns a write that is under way."""
        self.begun += 1
        write = Write(value, [write for write in self._writes if write.is_over])
        self._writes.append(write)
        return write

    def acknowledge(self, write: Write[Value]) -> None:
        """The write happened, between its beginning and now."""
        write.is_over = True
        self._writes = [other for other in self._writes if other not in write.older]

    def refuse(self, write: Write[Value]) -> None:
        """The write did not happen."""
        self._writes.remove(write)

    def lose(self, write: Write[Value]) -> None:
        """Nobody knows whether the write happened, but it does not any more."""
        write.is_over = True

    def __repr__(self) -> str:
        return f"<{' or '.join(f'{write.value}' for write in self._writes)}>"

    @property
    def possible(self) -> list[Value]:
        """All that the value may be."""
        return [write.value for write in self._writes]

    def may_be(self, value: Value) -> bool:
        """Whether the value may be this."""
        for write in self._writes:  # noqa: SIM110 (asked thousands of times a world: a generator costs twice as much)
            if write.value == value:
                return True
        return False

    def is_surely(self, value: Value) -> bool:
        """Whether the value is this, and nobody is about to change it."""
        return all(write.value == value and write.is_over for write in self._writes)


@attrs.define(eq=False)
class KnownSession:
    """A session whose token somebody has."""

    id: SessionId
    token: str = attrs.field(repr=False)
    expires_at: datetime
    password: str | None
    """The one it was opened with, or that it was kept with; None where that is unknown."""
    threats: int = 0
    """How many that are under way, or of unknown fate, may have ended it."""
    is_dead: bool = False
    """Whether somebody was told that it ended."""


@attrs.define(eq=False)
class KnownSecret:
    """A secret out of a mail."""

    purpose: Purpose
    secret: str = attrs.field(repr=False)
    digest: str = attrs.field(repr=False)
    expires_at: datetime
    is_void: bool = False
    """Whether somebody was told of something that ends it."""
    acknowledged: int = 0


@attrs.define(eq=False)
class Account:
    """What is known of an account whose sign-up was acknowledged."""

    user_id: UserId
    email: str
    password: Register[str]
    status: Register[Status]
    role: Register[Role]
    plan: Register[str]
    exists: Register[bool]
    sessions: list[KnownSession] = attrs.Factory(list)
    secrets: list[KnownSecret] = attrs.Factory(list)
    threats: int = 0
    """How many that are under way may end its sessions."""
    threats_begun: int = 0
    spent_passwords: list[str] = attrs.Factory(list)
    """Those that proved who somebody is when they set a new one: each does so once."""

    @classmethod
    def new(cls, user_id: UserId, email: str, password: str, role: Role = Role.USER) -> "Account":
        """Returns an account as it is after its sign-up."""
        return cls(
            user_id,
            email,
            Register(password),
            Register(Status.ACTIVE),
            Register(role),
            Register("Starter"),
            Register(True),
        )

    @property
    def is_usable(self) -> bool:
        """Whether it surely exists and is not suspended."""
        return self.exists.is_surely(True) and self.status.is_surely(Status.ACTIVE)

    @property
    def changes(self) -> int:
        """Grows with each change that begins, of whatever may decide who gets in."""
        return self.password.begun + self.status.begun + self.role.begun + self.exists.begun

    def settle(self) -> None:
        """Draws the conclusions of what was just acknowledged."""
        is_shut = self.status.is_surely(Status.SUSPENDED) or self.exists.is_surely(False)
        for session in self.sessions:
            has_old_password = session.password is not None and not self.password.may_be(session.password)
            if is_shut or has_old_password:
                session.is_dead = True


@attrs.define(eq=False)
class Threat:
    """Something under way that ends sessions, and secrets where it is not a log-out."""

    account: Account
    sessions: list[KnownSession]
    secrets: list[KnownSecret]

    @classmethod
    def begin(
        cls,
        account: Account,
        *,
        only: KnownSession | None = None,
        keep: KnownSession | None = None,
        with_secrets: bool = False,
    ) -> "Threat":
        """Returns the threat to one session, or to all but one."""
        sessions = [only] if only else [session for session in account.sessions if session is not keep]
        for session in sessions:
            session.threats += 1
        account.threats += only is None
        account.threats_begun += 1
        return cls(account, sessions, list(account.secrets) if with_secrets else [])

    def acknowledge(self, *, whole_account: bool = True) -> None:
        """It happened."""
        self.account.threats -= whole_account
        for session in self.sessions:
            session.is_dead = True
        for secret in self.secrets:
            secret.is_void = True

    def refuse(self, *, whole_account: bool = True) -> None:
        """It did not happen."""
        self.account.threats -= whole_account
        for session in self.sessions:
            session.threats -= 1

    def lose(self, *, whole_account: bool = True) -> None:
        """It may have happened, but does not any more."""
        self.account.threats -= whole_account


@attrs.define
class Tries:
    """When tries were let through, to be held against a limit."""

    spans: list[tuple[datetime, datetime]] = attrs.Factory(list)
    """When each began and ended."""
    cleared_at_step: int = -1
    """The last moment at which the counter may have been emptied."""
    clearing: int = 0
    """How many are under way that may empty the counter."""
