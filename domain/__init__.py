"""The rules of accounts, sessions, credentials and password reset: complete without HTTP, SQL, JWT or bcrypt.

Everything an embedder needs is here; names that are not in `__all__` may change at any time.
"""

from leadnator_auth.domain import errors
from leadnator_auth.domain.entities.access_token import AccessPurpose, Claims
from leadnator_auth.domain.entities.actor import Actor
from leadnator_auth.domain.entities.api_key import ApiKey, KeyIdentity, Scope
from leadnator_auth.domain.entities.challenge import Challenge
from leadnator_auth.domain.entities.change import Change
from leadnator_auth.domain.entities.credentials import Credentials
from leadnator_auth.domain.entities.email_change import EmailChange
from leadnator_auth.domain.entities.event import Event, EventType
from leadnator_auth.domain.entities.event_delivery import EventBacklog, EventDelivery, QueuedEvent
from leadnator_auth.domain.entities.key_ring import KeyRing
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
from leadnator_auth.domain.entities.proof import AuthenticationMethod, Proof
from leadnator_auth.domain.entities.rate_limit import Charge, Limits, RateLimit, Refusal, TooManyRequestsError
from leadnator_auth.domain.entities.refresh_family import RefreshFamily
from leadnator_auth.domain.entities.session import Client, Identity, Session
from leadnator_auth.domain.entities.signing_key import KeyState, SigningKey
from leadnator_auth.domain.entities.subscription import Subscriber, Subscription
from leadnator_auth.domain.entities.user import Role, Status, User, is_found
from leadnator_auth.domain.entities.webhook import Webhook
from leadnator_auth.domain.entities.webhook_message import WebhookMessage
from leadnator_auth.domain.errors import *  # noqa: F403 (errors are listed there, once)
from leadnator_auth.domain.policy import EmailVerification, Policy
from leadnator_auth.domain.ports import Commit, Ports
from leadnator_auth.domain.use_cases.administration import ChangedUser, change_user, create_user, delete_user
from leadnator_auth.domain.use_cases.api_keys import (
    create_api_key,
    create_api_key_for,
    list_api_keys,
    list_api_keys_of,
    revoke_any_api_key,
    revoke_api_key,
)
from leadnator_auth.domain.use_cases.change_password import change_password
from leadnator_auth.domain.use_cases.code_log_in import log_in_with_code, request_login_code
from leadnator_auth.domain.use_cases.dispatch_events import DispatchReport, dispatch_events
from leadnator_auth.domain.use_cases.email_change import (
    change_email,
    confirm_email,
    look_at_confirmation_link,
    look_at_undo_link,
    undo_email_change,
)
from leadnator_auth.domain.use_cases.email_verification import (
    look_at_verification_link,
    resend_verification,
    verify_email,
)
from leadnator_auth.domain.use_cases.event_delivery import deliver_due_events, renew_event_lease
from leadnator_auth.domain.use_cases.export_account import AccountExport, export_account
from leadnator_auth.domain.use_cases.export_users import ExportedUser, export_users
from leadnator_auth.domain.use_cases.housekeeping import purge
from leadnator_auth.domain.use_cases.identify import identify, identify_any, identify_key, identify_key_for
from leadnator_auth.domain.use_cases.import_users import ImportFate, ImportOutcome, import_users
from leadnator_auth.domain.use_cases.introspection import Introspection, introspect
from leadnator_auth.domain.use_cases.log_in import log_in
from leadnator_auth.domain.use_cases.mail_delivery import deliver_due_mails, renew_lease
from leadnator_auth.domain.use_cases.mail_queue import list_mails, mail_stats, retry_mails
from leadnator_auth.domain.use_cases.media_tokens import MediaToken, identify_for_media, issue_media_token
from leadnator_auth.domain.use_cases.own_account import change_account, delete_account, show_account
from leadnator_auth.domain.use_cases.passkey_log_in import log_in_with_passkey, request_passkey_log_in
from leadnator_auth.domain.use_cases.passkeys import (
    add_passkey,
    list_passkeys,
    remove_passkey,
    rename_passkey,
    request_passkey_registration,
)
from leadnator_auth.domain.use_cases.password_reset import (
    is_reset_secret_usable,
    request_password_reset,
    reset_password,
)
from leadnator_auth.domain.use_cases.recover_user import recover_user
from leadnator_auth.domain.use_cases.reset_links import look_at_reset_link, was_password_reset
from leadnator_auth.domain.use_cases.revocations import Revocation, RevocationPage, read_revocations
from leadnator_auth.domain.use_cases.second_factor_log_in import log_in_with_second_factor
from leadnator_auth.domain.use_cases.second_factors import (
    FactorList,
    TotpSetUp,
    confirm_totp,
    is_second_factor_on,
    list_factors,
    make_recovery_codes,
    remove_totp,
    set_up_totp,
)
from leadnator_auth.domain.use_cases.sessions import LogOutScope, end_session, list_sessions, log_out
from leadnator_auth.domain.use_cases.sign_up import sign_up
from leadnator_auth.domain.use_cases.signing_keys import (
    KeyChange,
    keep_signing_keys,
    list_signing_keys,
    published_keys,
    retire_signing_key,
    rotate_signing_keys,
)
from leadnator_auth.domain.use_cases.step_up import request_passkey_step_up, step_up
from leadnator_auth.domain.use_cases.steps.api_keys import ApiKeyWithSecret
from leadnator_auth.domain.use_cases.steps.authorize import UserRef, parse_user_ref
from leadnator_auth.domain.use_cases.steps.mailed_codes import is_code_log_in_on
from leadnator_auth.domain.use_cases.steps.open_session import SignedIn
from leadnator_auth.domain.use_cases.steps.passkey_challenges import PasskeyOptions, are_passkeys_on
from leadnator_auth.domain.use_cases.steps.transaction import run_in_transaction
from leadnator_auth.domain.use_cases.steps.webhook_access import SubscribedWebhook
from leadnator_auth.domain.use_cases.subscribe import subscribe_functions
from leadnator_auth.domain.use_cases.token_pairs import (
    TokenPair,
    are_token_pairs_on,
    issue_token_pair,
    refresh_token_pair,
)
from leadnator_auth.domain.use_cases.user_directory import list_events, list_users, show_user
from leadnator_auth.domain.use_cases.webhook_deliveries import (
    event_backlog,
    list_webhook_deliveries,
    retry_webhook_delivery,
    send_test_event,
)
from leadnator_auth.domain.use_cases.webhooks import (
    WebhookWithSecret,
    add_webhook,
    change_webhook,
    list_webhooks,
    remove_webhook,
    rotate_webhook_secret,
    show_webhook,
)
from leadnator_auth.domain.values.email_address import EmailAddress
from leadnator_auth.domain.values.fields import BadFieldError
from leadnator_auth.domain.values.firebase_scrypt import FirebaseScrypt
from leadnator_auth.domain.values.ids import ApiKeyId, PasskeyId, SessionId, UserId, WebhookId
from leadnator_auth.domain.values.json_object import JsonObject
from leadnator_auth.domain.values.master_keys import MasterKeys
from leadnator_auth.domain.values.paging import Page, Position
from leadnator_auth.domain.values.password import Password, PasswordPolicy
from leadnator_auth.domain.values.public_key import PublicKey, SigningAlgorithm
from leadnator_auth.domain.values.sign_up_policy import SignUpPolicy

__all__ = [
    "AccessPurpose",
    "AccountExport",
    "Actor",
    "ApiKey",
    "ApiKeyId",
    "ApiKeyWithSecret",
    "AuthenticationMethod",
    "AuthenticatorFlags",
    "BadFieldError",
    "Challenge",
    "Change",
    "ChangedUser",
    "Charge",
    "Claims",
    "Client",
    "Commit",
    "Credentials",
    "DeliveryReport",
    "DeliveryState",
    "DispatchReport",
    "EmailAddress",
    "EmailChange",
    "EmailVerification",
    "Event",
    "EventBacklog",
    "EventDelivery",
    "EventType",
    "ExportedUser",
    "FactorList",
    "FirebaseScrypt",
    "Identity",
    "ImportFate",
    "ImportOutcome",
    "Introspection",
    "JsonObject",
    "KeyChange",
    "KeyIdentity",
    "KeyRing",
    "KeyState",
    "Limits",
    "LinkState",
    "LogOutScope",
    "MailKind",
    "MailRequest",
    "MailedLink",
    "MasterKeys",
    "MediaToken",
    "NoticeMail",
    "OneTimeToken",
    "OutboxEntry",
    "OutboxStats",
    "OutgoingMail",
    "Page",
    "Passkey",
    "PasskeyAssertion",
    "PasskeyId",
    "PasskeyOptions",
    "PasskeyRegistration",
    "Password",
    "PasswordPolicy",
    "Policy",
    "Ports",
    "Position",
    "Proof",
    "PublicKey",
    "Purpose",
    "QueuedEvent",
    "QueuedMail",
    "RateLimit",
    "RefreshFamily",
    "Refusal",
    "Revocation",
    "RevocationPage",
    "Role",
    "Scope",
    "SecretMail",
    "Session",
    "SessionId",
    "SignUpPolicy",
    "SignedIn",
    "SigningAlgorithm",
    "SigningKey",
    "Status",
    "SubscribedWebhook",
    "Subscriber",
    "Subscription",
    "TokenPair",
    "TooManyRequestsError",
    "TotpSetUp",
    "User",
    "UserId",
    "UserRef",
    "Webhook",
    "WebhookId",
    "WebhookMessage",
    "WebhookWithSecret",
    "add_passkey",
    "add_webhook",
    "are_passkeys_on",
    "are_token_pairs_on",
    "change_account",
    "change_email",
    "change_password",
    "change_user",
    "change_webhook",
    "confirm_email",
    "confirm_totp",
    "create_api_key",
    "create_api_key_for",
    "create_user",
    "delete_account",
    "delete_user",
    "deliver_due_events",
    "deliver_due_mails",
    "dispatch_events",
    "end_session",
    "event_backlog",
    "export_account",
    "export_users",
    "identify",
    "identify_any",
    "identify_for_media",
    "identify_key",
    "identify_key_for",
    "import_users",
    "introspect",
    "is_code_log_in_on",
    "is_found",
    "is_reset_secret_usable",
    "is_second_factor_on",
    "issue_media_token",
    "issue_token_pair",
    "keep_signing_keys",
    "list_api_keys",
    "list_api_keys_of",
    "list_events",
    "list_factors",
    "list_mails",
    "list_passkeys",
    "list_sessions",
    "list_signing_keys",
    "list_users",
    "list_webhook_deliveries",
    "list_webhooks",
    "log_in",
    "log_in_with_code",
    "log_in_with_passkey",
    "log_in_with_second_factor",
    "log_out",
    "look_at_confirmation_link",
    "look_at_reset_link",
    "look_at_undo_link",
    "look_at_verification_link",
    "mail_stats",
    "make_recovery_codes",
    "parse_user_ref",
    "published_keys",
    "purge",
    "read_revocations",
    "recover_user",
    "refresh_token_pair",
    "remove_passkey",
    "remove_totp",
    "remove_webhook",
    "rename_passkey",
    "renew_event_lease",
    "renew_lease",
    "request_login_code",
    "request_passkey_log_in",
    "request_passkey_registration",
    "request_passkey_step_up",
    "request_password_reset",
    "resend_verification",
    "reset_password",
    "retire_signing_key",
    "retry_mails",
    "retry_webhook_delivery",
    "revoke_any_api_key",
    "revoke_api_key",
    "rotate_signing_keys",
    "rotate_webhook_secret",
    "run_in_transaction",
    "send_test_event",
    "set_up_totp",
    "show_account",
    "show_user",
    "show_webhook",
    "sign_up",
    "step_up",
    "subscribe_functions",
    "undo_email_change",
    "verify_email",
    "was_password_reset",
]
__all__ += errors.__all__
