"""Where accounts are kept, and what belongs to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.known_client import KnownClient
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.session import Session
from leadnator_auth.domain.entities.user import User
from leadnator_auth.domain.values.ids import SessionId, UserId
from leadnator_auth.domain.values.paging import Position


class Users(Protocol):
    """The accounts."""

    async def add(self, users: Sequence[User], *, unless_reserved_at: datetime | None = None) -> None:
        """Adds accounts, however many or none.

        With `unless_reserved_at`, an address counts as taken, too, while an account that had it may take it back then.

        Raises: EmailTakenError when an account has the same canonical e-mail address as one of them.
        """

    async def is_taken(self, canonical: str, now: datetime) -> bool:
        """Returns whether an account has this canonical address, or had it and may take it back now."""

    async def by_id(self, user_id: UserId) -> User | None:
        """Returns the account with this id, if any."""

    async def by_email(self, canonical: str) -> User | None:
        """Returns the account whose e-mail address has exactly this canonical form, if any."""

    async def save(self, user: User) -> None:
        """Replaces the account that has this id, if any; its creation time stays as it is.

        Raises: EmailTakenError when another account has the canonical e-mail address.
        """

    async def remove(self, user_id: UserId) -> None:
        """Removes an account, if it is there, with all that belongs to it but its events; its address is free at once.

        Its mails belong to it: those to its address, or to one that it had and may take back, and those that name it.
        Those that nobody took yet go, too; the others lose their last error and their recipient, in place of which
        `domain.entities.mail.forgotten` stands, and name nobody. It takes a time that does not grow with how much all
        that is. What is too much to be done at once leads to nobody any more, and goes with `Expired.OF_REMOVED_USERS`.
        """

    async def active_admins(self) -> list[User]:
        """Returns the admins that are not suspended, those with the lower id first.

        Looked up in a unit of work that may write, each of them stays as it was read until that unit ends, and units
        that do so take turns. One who became an admin while this waited for its turn may be missing.
        """

    async def page(self, search: str, limit: int, after: Position | None) -> list[User]:
        """Returns up to `limit` accounts that `search` finds, from after a position on.

        The newest come first, and of one instant those with the higher id. The position of an account is its creation
        time and its id; the account need not be there any more. An empty search finds all; for others
        `domain.is_found` says what is found. Unlike other look-ups it holds nobody up.
        """


class CredentialStore(Protocol):
    """The password hashes, one an account."""

    async def add(self, credentials: Sequence[Credentials]) -> None:
        """Keeps the first credentials of accounts, however many or none."""

    async def of(self, user_id: UserId) -> Credentials | None:
        """Returns the credentials of an account, if any."""

    async def by_emails(self, canonicals: Sequence[str]) -> dict[str, Credentials]:
        """Returns the credentials of the accounts that have one of these canonical e-mail addresses, by address.

        However many are asked for, and none for none. Unlike other look-ups it holds nobody up: the credentials may
        change at once.
        """

    async def replace(self, old: Credentials, new: Credentials) -> bool:
        """Puts new credentials of an account in the place of old ones, only if these still are there; one atomic step.

        Returns whether it did; the old ones are known by their version and hash.
        """


class Sessions(Protocol):
    """The log-ins that have not ended."""

    async def add(self, session: Session) -> None:
        """Keeps a new session."""

    async def by_id(self, session_id: SessionId) -> Session | None:
        """Returns the session with this id, if it has not ended."""

    async def of_user(self, user: User, limit: int) -> list[Session]:
        """Returns up to `limit` sessions of the user's present epoch.

        The newest come first, and of one instant those with the higher id.
        """

    async def save(self, session: Session) -> None:
        """Keeps the epoch of a session, and when and how it was last proven, if it is there."""

    async def note_uses(self, uses: Mapping[SessionId, datetime]) -> None:
        """Keeps when sessions were used last, those that are there and of which no later use is kept.

        It waits for nobody: what somebody else is changing may be left out.
        """

    async def end(self, session_id: SessionId) -> bool:
        """Ends a session at once; returns whether there was one, which of many at once only one is told."""

    async def trim(self, user_id: UserId, *, keep: int, limit: int) -> list[Session]:
        """Removes the sessions of a user beyond `keep`, at most `limit` of them; returns which, in any order.

        Those of the latest epoch are kept first, of one epoch the newest, and of one instant those with the higher id.
        Which of the others go first does not matter.
        """

    async def last_expiry(self) -> datetime | None:
        """Returns when the last of all sessions expires, ended ones that are not yet removed included; None of none."""


class OneTimeTokens(Protocol):
    """The secrets that work once, whatever for."""

    async def add(self, token: OneTimeToken) -> None:
        """Keeps a new token."""

    async def by_digest(self, digest: str) -> OneTimeToken | None:
        """Returns the token with this digest, if any; used and expired ones too."""

    async def use(self, digest: str, now: datetime) -> OneTimeToken | None:
        """Marks a token as used and returns it as it is then, or None when it was used or expires by now.

        It is one atomic step: of many at once, one gets the token. It takes no try.
        """

    async def spend_try(self, digest: str, now: datetime) -> OneTimeToken | None:
        """Takes one of the tries of a token and returns it as it is then.

        It returns None when the token has no try left, was used or expires by now. It is one atomic step: of many at
        once, as many get the token as there were tries. Whoever guesses spends a try first, and uses the token, which
        may have no try left then, if the guess was right.
        """

    async def remove(self, digest: str) -> None:
        """Removes a token whose secret went nowhere, if it is there."""

    async def of_user(self, user_id: UserId, limit: int) -> list[OneTimeToken]:
        """Returns up to `limit` tokens of a user, used and expired ones too, in any order."""

    async def issued_since(self, purpose: Purpose, user_id: UserId, since: datetime, limit: int) -> list[datetime]:
        """Returns when the last `limit` tokens of a user for one purpose were issued, of those after `since`.

        The oldest of them comes first. All count, used and expired ones too.
        """


class KnownClients(Protocol):
    """The networks that accounts were logged in to from, and the agents there."""

    async def get(self, user_id: UserId, network: str, agent: str = "") -> KnownClient | None:
        """Returns what is known of a network for one account, or of an agent there, if anything."""

    async def of_user(self, user_id: UserId) -> list[KnownClient]:
        """Returns all that is known for one account, the last seen first.

        Of one instant, those that come later in the order of their text come first.
        """

    async def put(self, client: KnownClient, *, keep: int) -> None:
        """Keeps a network or an agent, in place of what was known of it before; of its account no more than `keep`.

        So many networks stay, and so many agents: those seen last, and of one instant those that come later in the
        order of their text, the network's before the agent's.
        """
