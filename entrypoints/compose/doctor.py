"""The other half of the composition root: the checks of `doctor`, and which adapter each looks through."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

from leadnator_auth.adapters.bcrypt_hasher import nearest_cost, seconds_of_a_hash
from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.mail.probing import probe
from leadnator_auth.adapters.mail.smtp import SmtpMailer
from leadnator_auth.adapters.secret_file import read_secret
from leadnator_auth.adapters.sql import SqlProbe, is_sqlite, library_shortcoming, probing
from leadnator_auth.adapters.system import SystemClock, SystemRandomness
from leadnator_auth.domain import BadFieldError, EmailAddress
from leadnator_auth.domain.values.ids import MAIL_ID_PREFIX
from leadnator_auth.entrypoints.compose.ports import MAIL_FOLDER, mail_writer, signing_secret_file, smtp_server
from leadnator_auth.entrypoints.doctor import Check, Findings, Level, local, remote
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.values import SmtpUrl

SMTP_SECONDS = 60.0
"""A few steps that may each take twenty; some servers greet late on purpose."""
SENDING_SECONDS = 120.0
DATABASE_SECONDS = 12.0
"""A few questions, each of which the connections give up after four."""
HASHING_SECONDS = 60.0
"""It keeps a core busy and cannot hang; cost 16 takes some seconds."""


def address_of(text: str) -> EmailAddress | None:
    """Returns the address that is meant, if it is one."""
    try:
        return ValidatedEmailSyntax().parse(text)
    except BadFieldError:
        return None


def checks(settings: Settings, environment: Mapping[str, str], send_to: EmailAddress | None) -> Sequence[Check]:
    """Returns the checks in the order in which they are run."""
    path = settings.database if is_sqlite(settings.database) else None
    secret_file = signing_secret_file(path) if path else None
    secret = partial(local.check_signing_secret, settings.jwt_secrets, secret_file, read_secret)
    database = partial(remote.check_database, partial(_opened, settings), SystemClock().now)
    hashing = partial(local.check_hashing, settings.bcrypt_cost, seconds_of_a_hash, nearest_cost)
    public_url = partial(remote.check_public_url, settings.public_url, remote.resolves)
    reset_url = partial(remote.check_reset_url, settings.reset_url, remote.resolves)
    return (
        Check("settings", partial(local.check_settings, environment)),
        Check("signing secret", secret),
        Check("database file", lambda: local.check_database_file(path, library_shortcoming()) if path else ()),
        # To look for what is in a file that is not there would make it.
        Check("database", lambda: database() if path is None or path.is_file() else (), DATABASE_SECONDS),
        Check("password hashing", hashing, HASHING_SECONDS),
        Check("smtp", partial(_smtp, settings), SMTP_SECONDS),
        Check("smtp test mail", lambda: _test_mail(settings, send_to) if send_to else (), SENDING_SECONDS),
        Check("public url", public_url, when_late=Level.WARN),
        Check("reset url", reset_url, when_late=Level.WARN),
        Check("rate limit", partial(local.check_rate_limit, settings.rate_limit)),
        Check("proxies", partial(local.check_proxies, settings.trusted_proxies, settings.public_url)),
        Check("cors", partial(local.check_cors, settings.cors_origins)),
    )


def _opened(settings: Settings) -> AbstractAsyncContextManager[SqlProbe]:
    prepared = settings.database_prepared_statements == "on"
    return probing(settings.database, settings.database_pool_size, prepared_statements=prepared)


def _smtp(settings: Settings) -> Findings:
    url = settings.smtp_url
    if url is None:
        return remote.check_no_smtp(MAIL_FOLDER)
    return remote.check_smtp(url, settings.mail_from, probe(smtp_server(url, settings), settings.mail_from))


def _test_mail(settings: Settings, to: EmailAddress) -> Findings:
    url = settings.smtp_url
    return remote.check_sending(to.mailbox, partial(_send_test_mail, settings, url, to) if url else None)


async def _send_test_mail(settings: Settings, url: SmtpUrl, to: EmailAddress) -> None:
    writer = mail_writer(settings, SystemClock())
    mailer = SmtpMailer(smtp_server(url, settings), writer)
    try:
        message = writer.write_test(to, MAIL_ID_PREFIX + SystemRandomness().urlsafe(16))
        await mailer.hand_over(message, to.mailbox)
    finally:
        mailer.close()
