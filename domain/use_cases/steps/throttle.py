"""Slowing down those who guess, without locking out the owner."""

from collections.abc import Iterable
from datetime import datetime

import attrs

from leadnator_auth.domain.entities.rate_limit import Charge, Limits, RateLimit, TooManyRequestsError
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.values.ids import SessionId, UserId


async def throttle(limit: RateLimit | None, client: Client, *, now: datetime, ports: Ports) -> None:
    """Counts one try of a client; nothing is counted if the client's address is unknown.

    Raises: TooManyRequestsError.
    """
    await _take(_charges([(limit, client.network)] if client.network else []), now, ports)


async def throttle_account(limit: RateLimit | None, user_id: UserId, ports: Ports) -> None:
    """Counts one try of whoever is logged in to an account, wherever they are.

    Raises: TooManyRequestsError.
    """
    await _take(_charges([(limit, user_id)]), ports.clock.now(), ports)


async def throttle_session(limit: RateLimit | None, session_id: SessionId, client: Client, ports: Ports) -> None:
    """Counts one try of a client at one session: what others try from elsewhere does not count.

    Raises: TooManyRequestsError.
    """
    await _take(_charges([(limit, f"{session_id}\0{client.network}")]), ports.clock.now(), ports)


async def give_back(limits: Iterable[RateLimit | None], client: Client, ports: Ports) -> None:
    """Takes back one try of a client for each of these limits: what succeeded was no guess."""
    if client.network and (charges := _charges([(limit, client.network) for limit in limits])):
        await ports.rate_limits.forgive(give_back=charges, clear=[])


@attrs.frozen
class LogInThrottle:
    """Counts the wrong passwords for one account (by canonical address, whether or not it exists) from one client.

    Each try is counted before the password is verified, and taken back if it was right: tries made at once get no
    further than tries made in turn. A client from which somebody logged in within 30 days has a limit of the same size
    to itself instead of the one over all clients: so nobody can lock the owner out by guessing from elsewhere (OWASP's
    device cookies serve the same purpose), and others on the owner's network are refused just as for any other account.
    """

    canonical: str
    client: Client
    is_known: bool
    ports: Ports

    async def enter(self, now: datetime) -> None:
        """Counts a try.

        Raises: TooManyRequestsError.
        """
        account = self._of_account
        if self.is_known and account:
            # It counts for the others like any try, but their tries do not lead to its refusal.
            await self.ports.rate_limits.take(account, now)
            account = self._of_known
        await _take([*self._of_client, *self._of_pair, *account], now, self.ports)

    async def succeed(self) -> None:
        """Takes back what was counted against this account, the try that succeeded included."""
        await self._forgive(self._of_client)

    async def take_back(self) -> None:
        """Takes back the try that succeeded, and none before it.

        For what is not all that the account may ask for: whoever has the password alone makes no room by it for more
        guesses at the second factor.
        """
        # The limit over all clients may not have counted the try of a known one, so it is left as it is.
        of_account = self._of_known if self.is_known else self._of_account
        if give_back := [*self._of_client, *self._of_pair, *of_account]:
            await self.ports.rate_limits.forgive(give_back=give_back, clear=[])

    async def clear(self) -> None:
        """Takes back what was counted against this account, if no try of this client was counted."""
        await self._forgive([])

    async def _forgive(self, give_back: list[Charge]) -> None:
        clear = [*self._of_pair, *self._of_account, *self._of_known]
        if give_back or clear:
            await self.ports.rate_limits.forgive(give_back=give_back, clear=clear)

    @property
    def _limits(self) -> Limits:
        return self.ports.policy.limits

    @property
    def _of_client(self) -> list[Charge]:
        return _charges([(self._limits.log_in_client, self.client.network)] if self.client.network else [])

    @property
    def _of_pair(self) -> list[Charge]:
        return _charges([(self._limits.log_in, f"{self.canonical}\0{self.client.network}")])

    @property
    def _of_account(self) -> list[Charge]:
        return _charges([(self._limits.log_in_account, self.canonical)])

    @property
    def _of_known(self) -> list[Charge]:
        """The limit of the account, for this client alone."""
        return _charges([(self._limits.log_in_account, f"{self.canonical}\0{self.client.network}")])


def _charges(wanted: list[tuple[RateLimit | None, str]]) -> list[Charge]:
    return [Charge(limit, subject) for limit, subject in wanted if limit is not None]


async def _take(charges: list[Charge], now: datetime, ports: Ports) -> None:
    if charges and (refusal := await ports.rate_limits.take(charges, now)):
        raise TooManyRequestsError(refusal, now)
