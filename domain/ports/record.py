"""A complete set of ports: the one argument through which a use case reaches the outside (ADR 0017)."""

from collections.abc import Mapping

import attrs

from leadnator_auth.domain.entities.key_ring import KeyRing
from leadnator_auth.domain.entities.subscription import Subscriber
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
    WebhookSender,
)
from leadnator_auth.domain.ports.passkeys import PasskeyCeremony
from leadnator_auth.domain.ports.rate_limits import RateLimits
from leadnator_auth.domain.ports.signing_keys import KeyMaker
from leadnator_auth.domain.ports.unit_of_work import Identities, UnitOfWork
from leadnator_auth.domain.values.master_keys import MasterKeys


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
    master_keys: MasterKeys = MasterKeys()
    """Without any, what derives secrets from one is switched off."""
    code_keys: MasterKeys = MasterKeys()
    """What mailed codes are derived from, which live for minutes; without any, log-in by code is switched off."""
    key_ring: KeyRing = attrs.field(factory=KeyRing)
    """What `tokens` signs and verifies with where that is no secret alone; without one of its own, HS256 is all."""
    key_maker: KeyMaker | None = None
    """None where its library is not installed: then there is HS256 alone."""
    webhooks: WebhookSender | None = None
    """None where nothing can be sent, because its libraries are not installed: webhooks are switched off."""
    passkeys: PasskeyCeremony | None = None
    """None where no relying party is known, or its library is not installed: passkeys are switched off."""
    policy: Policy = Policy()
    subscribers: Mapping[str, Subscriber] = attrs.field(factory=dict)
    """The functions in this process that are told what happened, by the ids of their subscriptions."""
    metadata_schema: MetadataSchema | None = None
    """What `user_metadata` must look like; None if any object will do."""
