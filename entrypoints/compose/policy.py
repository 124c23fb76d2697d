"""The rules of the domain, as the settings ask for them."""

from datetime import timedelta

from leadnator_auth.domain import EmailVerification, Limits, PasswordPolicy, Policy, SigningAlgorithm, SignUpPolicy
from leadnator_auth.entrypoints.compose.passwords import password_blocklist
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.account_values import CLOSED, OPEN


def policy_of(settings: Settings) -> Policy:
    """Returns the rules that the settings ask for.

    Raises: StartError.
    """
    return Policy(
        password=PasswordPolicy(settings.min_password_length, password_blocklist(settings)),
        sign_up=_sign_up(settings),
        signing_algorithm=SigningAlgorithm(settings.jwt_algorithm),
        session_lifetime=timedelta(seconds=settings.token_ttl),
        session_idle=None if settings.session_idle is None else timedelta(seconds=settings.session_idle),
        access_token_lifetime=timedelta(seconds=settings.access_token_ttl),
        step_up_lifetime=timedelta(seconds=settings.step_up_ttl),
        max_sessions=settings.max_sessions,
        reset_token_lifetime=timedelta(seconds=settings.reset_token_ttl),
        email_verification=EmailVerification(settings.email_verification),
        email_token_lifetime=timedelta(seconds=settings.email_token_ttl),
        new_sign_in_notice=settings.new_sign_in_notice == "on",
        email_code_login=settings.email_code_login == "on",
        event_retention=timedelta(days=settings.event_retention),
        private_webhook_targets=settings.webhook_private_targets == "on",
        limits=_limits(settings),
        account_changes=None if settings.rate_limit == "off" else Policy().account_changes,
    )


def _sign_up(settings: Settings) -> SignUpPolicy:
    if settings.signup == OPEN:
        return SignUpPolicy()
    domains = () if settings.signup == CLOSED else settings.signup
    return SignUpPolicy(frozenset(domain.removeprefix("@") for domain in domains))


def _limits(settings: Settings) -> Limits:
    if settings.rate_limit == "off":
        return Limits.none()
    return Limits(
        log_in=settings.limit_login,
        log_in_account=settings.limit_login_account,
        log_in_client=settings.limit_login_client,
        sign_up=settings.limit_signup,
        forgot=settings.limit_forgot,
        reset=settings.limit_reset,
        change_password=settings.limit_change_password,
        login_code=settings.limit_login_code,
        login_code_confirm=settings.limit_login_code_confirm,
        passkey_options=settings.limit_passkey_options,
        passkey=settings.limit_passkey,
        refresh=settings.limit_refresh,
    )
