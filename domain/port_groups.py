"""The part of a set of ports that each group of use cases takes, as keyword arguments."""

from typing import TypedDict

from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.ports import (
    AccessTokens,
    Clock,
    EmailSyntax,
    Identities,
    Mailer,
    PasswordHasher,
    Randomness,
    RateLimits,
    UnitOfWork,
)


class SignInPorts(TypedDict):
    """What `sign_up` and `log_in` take."""

    unit_of_work: UnitOfWork
    hasher: PasswordHasher
    tokens: AccessTokens
    emails: EmailSyntax
    clock: Clock
    randomness: Randomness
    rate_limits: RateLimits
    policy: Policy


class IdentifyPorts(TypedDict):
    """What `identify` and `identify_for_media` take."""

    tokens: AccessTokens
    identities: Identities
    clock: Clock


class ResetRequestPorts(TypedDict):
    """What `request_password_reset` takes."""

    unit_of_work: UnitOfWork
    emails: EmailSyntax
    clock: Clock
    randomness: Randomness
    rate_limits: RateLimits
    policy: Policy


class ResetPorts(TypedDict):
    """What `reset_password` and `change_password` take."""

    unit_of_work: UnitOfWork
    hasher: PasswordHasher
    clock: Clock
    randomness: Randomness
    rate_limits: RateLimits
    policy: Policy


class DeliveryPorts(TypedDict):
    """What `deliver_due_mails` takes."""

    unit_of_work: UnitOfWork
    mailer: Mailer
    clock: Clock
    randomness: Randomness
    policy: Policy


class ImportPorts(TypedDict):
    """What `import_users` takes."""

    unit_of_work: UnitOfWork
    hasher: PasswordHasher
    emails: EmailSyntax
    clock: Clock
    randomness: Randomness


class UserCreationPorts(TypedDict):
    """What `create_user` takes."""

    unit_of_work: UnitOfWork
    hasher: PasswordHasher
    emails: EmailSyntax
    clock: Clock
    randomness: Randomness
    policy: Policy


class AdministrationPorts(TypedDict):
    """What `change_user` and `delete_user` take."""

    unit_of_work: UnitOfWork
    clock: Clock
    randomness: Randomness


class PurgePorts(TypedDict):
    """What `purge` takes."""

    unit_of_work: UnitOfWork
    clock: Clock
    rate_limits: RateLimits
    policy: Policy


class LookPorts(TypedDict):
    """What `list_sessions` and `is_reset_secret_usable` take."""

    unit_of_work: UnitOfWork
    clock: Clock


class MediaTokenPorts(TypedDict):
    """What `issue_media_token` takes."""

    tokens: AccessTokens
    clock: Clock
    randomness: Randomness
