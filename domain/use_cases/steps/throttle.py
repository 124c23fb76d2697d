"""Slowing down those who guess, without locking out those who know."""

from datetime import datetime, timedelta

import attrs

from leadnator_auth.domain.ports import Ports
from leadnator_auth.domain.rate_limit import Charge, Limits, RateLimit, TooManyRequestsError, bucket_of
from leadnator_auth.domain.session import Client

KNOWN_FOR = timedelta(days=30)


async def throttle(limit: RateLimit | None, client: Client, *, now: datetime, ports: Ports) -> None:
    """Counts one try of a client; nothing is counted where the client's address is unknown.

    Raises: TooManyRequestsError.
    """
    await _take(_charges([(limit, client.network)] if client.network else []), now, ports)


@attrs.frozen
class LogInThrottle:
    """Counts the wrong passwords for one account (by canonical address, whether or not it exists) from one client.

    Each try is counted before the password is verified, and taken back if it was right: many at once get no more than
    many in turn. The limit over all clients does not hold for clients from which somebody got in within 30 days: so
    nobody can lock the owner out by guessing from elsewhere (OWASP's device cookies serve the same purpose).
    """

    canonical: str
    client: Client
    ports: Ports

    async def enter(self, now: datetime) -> None:
        """Counts a try.

        Raises: TooManyRequestsError.
        """
        account = self._of_account
        if account and self._known and await self.ports.rate_limits.remembers(self._known, now):
            account = []
        await _take([*self._of_client, *self._of_pair, *account], now, self.ports)

    async def succeed(self, now: datetime) -> None:
        """Takes back what was counted against this account, and remembers the client as one of its owner's."""
        if not (self._of_client or self._of_pair or self._of_account):
            return
        await self.ports.rate_limits.forgive(
            give_back=self._of_client,
            clear=[*self._of_pair, *self._of_account],
            remember=self._known,
            until=now + KNOWN_FOR,
        )

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
    def _known(self) -> str | None:
        """The key under which the client is remembered; one whose address is unknown cannot be."""
        network = self.client.network
        return bucket_of("known", f"{self.canonical}\0{network}") if network else None


def _charges(wanted: list[tuple[RateLimit | None, str]]) -> list[Charge]:
    return [Charge(limit, subject) for limit, subject in wanted if limit is not None]


async def _take(charges: list[Charge], now: datetime, ports: Ports) -> None:
    if charges and (refusal := await ports.rate_limits.take(charges, now)):
        raise TooManyRequestsError(refusal, now)
