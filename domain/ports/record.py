"""A complete set of ports: the one argument through which a use case reaches the outside (ADR 0017)."""

import attrs

from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.ports.outside import (
    AccessTokens,
    Clock,
    EmailSyntax,
    Mailer,
    MetadataSchema,
    PasswordHasher,
    Randomness,
    Readiness,
)
from leadnator_auth.domain.ports.rate_limits import RateLimits
from leadnator_auth.domain.ports.unit_of_work import Identities, UnitOfWork


@attrs.frozen(kw_only=True)
class Ports:
    """A complete set of adapters and the policy they serve: `await log_in(email, password, ports=ports)`."""

    unit_of_work: UnitOfWork
    identities: Identities
    hasher: PasswordHasher
    tokens: AccessTokens
    emails: EmailSyntax
    mailer: Mailer
    clock: Clock
    randomness: Randomness
    rate_limits: RateLimits
    readiness: Readiness
    policy: Policy = Policy()
    metadata_schema: MetadataSchema | None = None
    """What `user_metadata` must look like; None if any object will do."""
