"""The mail server of a world."""

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from leadnator_auth.domain.entities.mail import OutgoingMail, ResetLinkMail
from leadnator_auth.domain.entities.reset_token import digest_of
from leadnator_auth.domain.errors import MailRefusedError, UnavailableError
from tests.simulation.ledger import KnownSecret
from tests.simulation.scheduler import Violation, sleep

if TYPE_CHECKING:
    from tests.simulation.world import World


class Postbox:
    """Takes mails, at times slowly, and lets the owners read them; refuses one in twenty for good, some for now."""

    def __init__(self, world: "World", chance: Random) -> None:
        self._world = world
        self._chance = chance
        self.accepted: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.is_kind = False
        """Whether it takes everything."""

    async def send(self, mail: OutgoingMail) -> None:
        """Raises: MailRefusedError."""
        if not self.is_kind and self._chance.random() < 0.1:
            await sleep(self._chance.choice((4.0, 12.0)))
        if not self.is_kind and self._chance.random() < 0.05:
            self.refused.add(mail.id)
            raise MailRefusedError("no such mailbox")
        if not self.is_kind and self._chance.random() < 0.1:
            raise UnavailableError("the mail server is away")
        self.accepted[mail.id] += 1
        email = mail.to.canonical
        watcher = self._world.watcher
        left_at = watcher.left_at.get(email, -1)
        if email not in watcher.owners and left_at < self._world.begun_at_step:
            raise Violation(f"a mail to {email}, which has no account")
        if isinstance(mail, ResetLinkMail):
            self._read(mail)

    def _read(self, mail: ResetLinkMail) -> None:
        token = self._world.watcher.seen.reset_tokens.get(digest_of(mail.secret))
        for account in self._world.accounts:
            if token is not None and account.user_id == token.user_id:
                if account.email != mail.to.canonical:
                    raise Violation(f"a link to the account of {account.email} went to {mail.to.canonical}")
                account.secrets.append(KnownSecret(mail.secret, token.digest, mail.expires_at))
