"""A complete set of ports."""

import attrs

from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.port_groups import (
    AdministrationPorts,
    DeliveryPorts,
    IdentifyPorts,
    ImportPorts,
    LookPorts,
    MediaTokenPorts,
    PurgePorts,
    ResetPorts,
    ResetRequestPorts,
    SignInPorts,
    UserCreationPorts,
)
from leadnator_auth.domain.ports import (
    AccessTokens,
    Clock,
    EmailSyntax,
    Identities,
    Mailer,
    PasswordHasher,
    Randomness,
    RateLimits,
    Readiness,
    UnitOfWork,
)


@attrs.frozen(kw_only=True)
class Ports:
    """A complete set of adapters and the policy they serve: `await log_in(email, password, **ports.for_sign_in)`."""

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

    @property
    def for_sign_in(self) -> SignInPorts:
        """The ports of `sign_up` and `log_in`."""
        return {
            "unit_of_work": self.unit_of_work,
            "hasher": self.hasher,
            "tokens": self.tokens,
            "emails": self.emails,
            "clock": self.clock,
            "randomness": self.randomness,
            "rate_limits": self.rate_limits,
            "policy": self.policy,
        }

    @property
    def for_identify(self) -> IdentifyPorts:
        """The ports of `identify` and `identify_for_media`."""
        return {"tokens": self.tokens, "identities": self.identities, "clock": self.clock}

    @property
    def for_reset_request(self) -> ResetRequestPorts:
        """The ports of `request_password_reset`."""
        return {
            "unit_of_work": self.unit_of_work,
            "emails": self.emails,
            "clock": self.clock,
            "randomness": self.randomness,
            "rate_limits": self.rate_limits,
            "policy": self.policy,
        }

    @property
    def for_reset(self) -> ResetPorts:
        """The ports of `reset_password` and `change_password`."""
        return {
            "unit_of_work": self.unit_of_work,
            "hasher": self.hasher,
            "clock": self.clock,
            "randomness": self.randomness,
            "rate_limits": self.rate_limits,
            "policy": self.policy,
        }

    @property
    def for_delivery(self) -> DeliveryPorts:
        """The ports of `deliver_due_mails`."""
        return {
            "unit_of_work": self.unit_of_work,
            "mailer": self.mailer,
            "clock": self.clock,
            "randomness": self.randomness,
            "policy": self.policy,
        }

    @property
    def for_session_list(self) -> LookPorts:
        """The ports of `list_sessions`; `log_out` and `end_session` take the unit of work alone."""
        return {"unit_of_work": self.unit_of_work, "clock": self.clock}

    @property
    def for_reset_check(self) -> LookPorts:
        """The ports of `is_reset_secret_usable`."""
        return {"unit_of_work": self.unit_of_work, "clock": self.clock}

    @property
    def for_media_tokens(self) -> MediaTokenPorts:
        """The ports of `issue_media_token`."""
        return {"tokens": self.tokens, "clock": self.clock, "randomness": self.randomness}

    @property
    def for_import(self) -> ImportPorts:
        """The ports of `import_users`."""
        return {
            "unit_of_work": self.unit_of_work,
            "hasher": self.hasher,
            "emails": self.emails,
            "clock": self.clock,
            "randomness": self.randomness,
        }

    @property
    def for_user_creation(self) -> UserCreationPorts:
        """The ports of `create_user`."""
        return {
            "unit_of_work": self.unit_of_work,
            "hasher": self.hasher,
            "emails": self.emails,
            "clock": self.clock,
            "randomness": self.randomness,
            "policy": self.policy,
        }

    @property
    def for_administration(self) -> AdministrationPorts:
        """The ports of `change_user` and `delete_user`; those who only look take the unit of work alone."""
        return {"unit_of_work": self.unit_of_work, "clock": self.clock, "randomness": self.randomness}

    @property
    def for_purge(self) -> PurgePorts:
        """The ports of `purge`."""
        return {
            "unit_of_work": self.unit_of_work,
            "rate_limits": self.rate_limits,
            "clock": self.clock,
            "policy": self.policy,
        }
