"""What the core needs from outside, as Protocols; `leadnator_auth.adapters` has an implementation of each.

Any method of a port may raise UnavailableError when what is behind it is away; none raises an error of the library
it is made with. All instants are aware datetimes in UTC.
"""

from leadnator_auth.domain.ports.accounts import CredentialStore, KnownClients, OneTimeTokens, Sessions, Users
from leadnator_auth.domain.ports.events import Events
from leadnator_auth.domain.ports.outbox import MailQueue, Outbox
from leadnator_auth.domain.ports.outside import (
    AccessTokens,
    Clock,
    EmailSyntax,
    Mailer,
    PasswordHasher,
    Randomness,
    Readiness,
)
from leadnator_auth.domain.ports.rate_limits import RateLimits
from leadnator_auth.domain.ports.record import Ports
from leadnator_auth.domain.ports.unit_of_work import (
    Commit,
    Expired,
    Identities,
    Repositories,
    Transaction,
    UnitOfWork,
)

__all__ = [
    "AccessTokens",
    "Clock",
    "Commit",
    "CredentialStore",
    "EmailSyntax",
    "Events",
    "Expired",
    "Identities",
    "KnownClients",
    "MailQueue",
    "Mailer",
    "OneTimeTokens",
    "Outbox",
    "PasswordHasher",
    "Ports",
    "Randomness",
    "RateLimits",
    "Readiness",
    "Repositories",
    "Sessions",
    "Transaction",
    "UnitOfWork",
    "Users",
]
