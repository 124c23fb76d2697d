"""Everything the core needs from outside, as Protocols; `leadnator_auth.adapters` implements each of them.

Any method of a port may raise UnavailableError while the system behind it is unavailable; none raises an error of the
library it is built on. All instants are aware datetimes in UTC.
"""

from leadnator_auth.domain.ports import unit_of_work
from leadnator_auth.domain.ports.outside import (
    AccessTokens,
    Clock,
    EmailSyntax,
    Mailer,
    MetadataSchema,
    PasswordHasher,
    Randomness,
    Readiness,
    WebhookSender,
)
from leadnator_auth.domain.ports.passkeys import PasskeyCeremony
from leadnator_auth.domain.ports.rate_limits import RateLimits
from leadnator_auth.domain.ports.record import Ports
from leadnator_auth.domain.ports.signing_keys import KeyMaker
from leadnator_auth.domain.ports.unit_of_work import *  # noqa: F403 (repositories are listed there, once)

__all__ = [
    "AccessTokens",
    "Clock",
    "EmailSyntax",
    "KeyMaker",
    "Mailer",
    "MetadataSchema",
    "PasskeyCeremony",
    "PasswordHasher",
    "Ports",
    "Randomness",
    "RateLimits",
    "Readiness",
    "WebhookSender",
]
__all__ += unit_of_work.__all__
