"""The mail server of a world."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from leadnator_auth.domain.entities.mail import MailKind, OutgoingMail, SecretMail
from leadnator_auth.domain.entities.one_time_token import digest_of
from leadnator_auth.domain.errors import MailDelayedError, MailRefusedError
from tests.simulation.ledger import KnownSecret
from tests.simulation.scheduler import Violation, sleep

if TYPE_CHECKING:
    from tests.simulation.world import World


STALLS = (4.0, 12.0, 90.0)
"""In seconds."""
NEARLY_AN_HOUR = timedelta(minutes=50)
"""A link counts from when it was made, and takes a while from there to its reader."""


class Postbox:
    """Takes mails, at times slowly, and lets the owners read them.

    It refuses one in twenty for good, some for now, and of some it forgets to say that it took them.
    """

    def __init__(self, world: "World", chance: Random) -> None:
        self._world = world
        self._chance = chance
        self.accepted: Counter[str] = Counter()
        self.refused: set[str] = set()
        self._arrivals: defaultdict[tuple[str, MailKind], list[datetime]] = defaultdict(list)
        """When links of each kind reached the owner of each account."""
        self._slowness = chance.choice((0.1, 0.1, 0.6))
        self._forgetfulness = chance.choice((0.05, 0.05, 0.05, 0.8))
        self.is_kind = False
        """Whether it takes everything."""

    async def send(self, mail: OutgoingMail) -> None:
        """Raises: MailRefusedError, MailDelayedError."""
        if not self.is_kind and self._chance.random() < self._slowness:
            await sleep(self._chance.choice(STALLS))
        if not self.is_kind and self._chance.random() < 0.05:
            self.refused.add(mail.id)
            raise MailRefusedError("no such mailbox", may_have_arrived=False)
        if not self.is_kind and self._chance.random() < 0.1:
            raise MailDelayedError("the mail server is away", may_have_arrived=False)
        self.accepted[mail.id] += 1
        email = mail.to.canonical
        watcher = self._world.watcher
        left_at = watcher.left_at.get(email, -1)
        if email not in watcher.owners and left_at < self._world.begun_at_step:
            raise Violation(f"a mail to {email}, which has no account")
        if isinstance(mail, SecretMail):
            self._read(mail)
        if not self.is_kind and self._chance.random() < self._forgetfulness:
            raise MailDelayedError("no answer to the mail", may_have_arrived=True)

    def _read(self, mail: SecretMail) -> None:
        token = self._world.watcher.seen.one_time_tokens.get(digest_of(mail.secret))
        for account in self._world.accounts:
            if token is not None and account.user_id == token.user_id:
                if account.email != mail.to.canonical:
                    raise Violation(f"a link to the account of {account.email} went to {mail.to.canonical}")
                account.secrets.append(KnownSecret(token.purpose, mail.secret, token.digest, mail.expires_at))
                self._count_arrival(account.user_id, mail.kind)

    def _count_arrival(self, user_id: str, kind: MailKind) -> None:
        now, arrivals = self._world.clock.instant, self._arrivals[user_id, kind]
        arrivals.append(now)
        recent = [at for at in arrivals if at > now - NEARLY_AN_HOUR]
        if len(recent) > self._world.policy.reset_mails:
            raise Violation(f"{len(recent)} links reached {user_id} within an hour: {recent}")
