"""The rules of accounts, sessions, credentials and password reset: complete without HTTP, SQL, JWT or bcrypt.

Everything an embedder needs is here; names that are not in `__all__` may change at any time.
"""

from leadnator_auth.domain.entities.access_token import AccessPurpose, Claims
from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.entities.change import Change
from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.event import Event, EventType
from leadnator_auth.domain.entities.mail import (
    MailKind,
    MailRequest,
    NoticeMail,
    OutgoingMail,
    QueuedMail,
    SecretMail,
)
from leadnator_auth.domain.entities.mailed_link import LinkState, MailedLink
from leadnator_auth.domain.entities.one_time_token import OneTimeToken, Purpose
from leadnator_auth.domain.entities.outbox import DeliveryReport, DeliveryState, OutboxEntry, OutboxStats
from leadnator_auth.domain.entities.passkey import AuthenticatorFlags, Passkey, PasskeyAssertion, PasskeyRegistration
from leadnator_auth.domain.entities.rate_limit import Charge, Limits, RateLimit, Refusal, TooManyRequestsError
from leadnator_auth.domain.entities.session import Client, Identity, Session
from leadnator_auth.domain.entities.user import Role, Status, User, is_found
from leadnator_auth.domain.entities.webhook_message import WebhookMessage
from leadnator_auth.domain.errors import (
    AccountSuspendedError,
    AuthError,
    ConcurrencyError,
    EmailTakenError,
    FieldError,
    FieldsError,
    ForbiddenError,
    InvalidCredentialsError,
    InvalidFieldsError,
    InvalidPageError,
    InvalidPasskeyError,
    InvalidResetTokenError,
    InvalidTokenError,
    LastAdminError,
    MailDelayedError,
    MailRefusedError,
    MasterKeyMissingError,
    MissingFieldsError,
    NotFoundError,
    OverloadedError,
    PasskeyClonedError,
    PasskeyExistsError,
    TooManyPasskeysError,
    UnavailableError,
    WebhookTargetRefusedError,
)
from leadnator_auth.domain.policy import Policy
from leadnator_auth.domain.ports import Commit, Ports
from leadnator_auth.domain.use_cases.administration import ChangedUser, change_user, create_user, delete_user
from leadnator_auth.domain.use_cases.change_password import change_password
from leadnator_auth.domain.use_cases.export_users import ExportedUser, export_users
from leadnator_auth.domain.use_cases.housekeeping import purge
from leadnator_auth.domain.use_cases.identify import identify
from leadnator_auth.domain.use_cases.import_users import ImportFate, ImportOutcome, import_users
from leadnator_auth.domain.use_cases.log_in import log_in
from leadnator_auth.domain.use_cases.mail_delivery import deliver_due_mails, renew_lease
from leadnator_auth.domain.use_cases.mail_queue import list_mails, mail_stats, retry_mails
from leadnator_auth.domain.use_cases.media_tokens import MediaToken, identify_for_media, issue_media_token
from leadnator_auth.domain.use_cases.password_reset import (
    is_reset_secret_usable,
    request_password_reset,
    reset_password,
)
from leadnator_auth.domain.use_cases.reset_links import look_at_reset_link, was_password_reset
from leadnator_auth.domain.use_cases.sessions import LogOutScope, end_session, list_sessions, log_out
from leadnator_auth.domain.use_cases.sign_up import sign_up
from leadnator_auth.domain.use_cases.steps.authorize import UserRef, parse_user_ref
from leadnator_auth.domain.use_cases.steps.open_session import SignedIn
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.user_directory import list_events, list_users, show_user
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import BadFieldError
from leadnator_auth.domain.values.firebase_scrypt import FirebaseScrypt
from leadnator_auth.domain.values.ids import PasskeyId, SessionId, UserId
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.paging import Page, Position
from leadnator_auth.domain.values.password import Password, PasswordPolicy

__all__ = [
    "AccessPurpose",
    "AccountSuspendedError",
    "Actor",
    "AuthError",
    "AuthenticatorFlags",
    "BadFieldError",
    "Change",
    "ChangedUser",
    "Charge",
    "Claims",
    "Client",
    "Commit",
    "ConcurrencyError",
    "Credentials",
    "DeliveryReport",
    "DeliveryState",
    "EmailAddress",
    "EmailTakenError",
    "Event",
    "EventType",
    "ExportedUser",
    "FieldError",
    "FieldsError",
    "FirebaseScrypt",
    "ForbiddenError",
    "Identity",
    "ImportFate",
    "ImportOutcome",
    "InvalidCredentialsError",
    "InvalidFieldsError",
    "InvalidPageError",
    "InvalidPasskeyError",
    "InvalidResetTokenError",
    "InvalidTokenError",
    "LastAdminError",
    "Limits",
    "LinkState",
    "LogOutScope",
    "MailDelayedError",
    "MailKind",
    "MailRefusedError",
    "MailRequest",
    "MailedLink",
    "MasterKeyMissingError",
    "MasterKeys",
    "MediaToken",
    "MissingFieldsError",
    "NotFoundError",
    "NoticeMail",
    "OneTimeToken",
    "OutboxEntry",
    "OutboxStats",
    "OutgoingMail",
    "OverloadedError",
    "Page",
    "Passkey",
    "PasskeyAssertion",
    "PasskeyClonedError",
    "PasskeyExistsError",
    "PasskeyId",
    "PasskeyRegistration",
    "Password",
    "PasswordPolicy",
    "Policy",
    "Ports",
    "Position",
    "Purpose",
    "QueuedMail",
    "RateLimit",
    "Refusal",
    "Role",
    "SecretMail",
    "Session",
    "SessionId",
    "SignedIn",
    "Status",
    "TooManyPasskeysError",
    "TooManyRequestsError",
    "UnavailableError",
    "User",
    "UserId",
    "UserRef",
    "WebhookMessage",
    "WebhookTargetRefusedError",
    "change_password",
    "change_user",
    "create_user",
    "delete_user",
    "deliver_due_mails",
    "end_session",
    "export_users",
    "identify",
    "identify_for_media",
    "import_users",
    "is_found",
    "is_reset_secret_usable",
    "issue_media_token",
    "list_events",
    "list_mails",
    "list_sessions",
    "list_users",
    "log_in",
    "log_out",
    "look_at_reset_link",
    "mail_stats",
    "parse_user_ref",
    "purge",
    "renew_lease",
    "request_password_reset",
    "reset_password",
    "retry_mails",
    "run_in_transaction",
    "show_user",
    "sign_up",
    "was_password_reset",
]
