"""The other half of the composition root: the checks of `doctor`, and which adapter each looks through."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial

from leadnator_auth.adapters.bcrypt_hasher import nearest_cost, seconds_of_a_hash
from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.mail.probing import probe
from leadnator_auth.adapters.mail.smtp import SmtpMailer
from leadnator_auth.adapters.secret_file import read_secret
from leadnator_auth.adapters.sql import SqlProbe, is_sqlite, probing, sqlite_path
from leadnator_auth.adapters.system import SystemClock, SystemRandomness
from leadnator_auth.domain import BadFieldError, EmailAddress
from leadnator_auth.domain.values.ids import MAIL_ID_PREFIX
from leadnator_auth.entrypoints.compose.ports import MAIL_FOLDER, mail_writer, signing_secret_file, smtp_server
from leadnator_auth.entrypoints.doctor import Check, Finding, Level
from leadnator_auth.entrypoints.doctor.database import check_database
from leadnator_auth.entrypoints.doctor.database_file import check_database_file
from leadnator_auth.entrypoints.doctor.exposure import check_cors, check_proxies, check_rate_limit
from leadnator_auth.entrypoints.doctor.hashing import check_hashing
from leadnator_auth.entrypoints.doctor.hosts import resolves
from leadnator_auth.entrypoints.doctor.links import check_public_url, check_reset_url
from leadnator_auth.entrypoints.doctor.mail import check_no_smtp, check_sending, check_smtp
from leadnator_auth.entrypoints.doctor.settings_check import check_settings
from leadnator_auth.entrypoints.doctor.signing_secret import check_signing_secret
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.values import SmtpUrl

SMTP_SECONDS = 12.0
"""Two or three steps that may each take five; some servers greet late on purpose."""
SENDING_SECONDS = 30.0
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


def checks(settings: Settings, environment: Mapping[str, str], send_to: EmailAddress | None) -> Iterator[Check]:
    """Yields the checks in the order in which they are run."""
    file = signing_secret_file(settings.database_url) if is_sqlite(settings.database_url) else None
    yield Check("settings", partial(check_settings, environment))
    yield Check("signing secret", partial(check_signing_secret, settings.jwt_secrets, file, read_secret))
    yield from _database_checks(settings)
    yield Check("password hashing", partial(_hashing, settings.bcrypt_cost), seconds=HASHING_SECONDS)
    yield from _mail_checks(settings, send_to)
    for name, check in (
        ("public url", partial(check_public_url, settings.public_url, resolves)),
        ("reset url", partial(check_reset_url, settings.reset_url, resolves)),
    ):
        yield Check(name, check, when_late=Level.WARN)
    yield Check("rate limit", partial(check_rate_limit, settings.rate_limit))
    yield Check("proxies", partial(check_proxies, settings.trusted_proxies, settings.public_url))
    yield Check("cors", partial(check_cors, settings.cors_origins))


def _hashing(cost: int) -> Iterator[Finding]:
    return check_hashing(cost, seconds_of_a_hash, nearest_cost)


def _database_checks(settings: Settings) -> Iterator[Check]:
    asked = partial(check_database, partial(_opened, settings), SystemClock().now)
    if not is_sqlite(settings.database_url):
        yield Check("database", asked, seconds=DATABASE_SECONDS)
        return
    path = sqlite_path(settings.database_url)
    yield Check("database file", partial(check_database_file, path))
    # To look for what is in a file that is not there would make it.
    yield Check("database", lambda: asked() if path.is_file() else (), seconds=DATABASE_SECONDS)


def _opened(settings: Settings) -> AbstractAsyncContextManager[SqlProbe]:
    prepared = settings.database_prepared_statements == "on"
    return probing(settings.database_url, settings.database_pool_size, prepared_statements=prepared)


def _mail_checks(settings: Settings, send_to: EmailAddress | None) -> Iterator[Check]:
    url = settings.smtp_url
    if url is None:
        yield Check("smtp", partial(check_no_smtp, MAIL_FOLDER))
    else:
        yield Check("smtp", partial(_smtp, url, settings.mail_from), seconds=SMTP_SECONDS)
    if send_to is not None:
        send = _sending(settings, url, send_to) if url else None
        yield Check("smtp test mail", partial(check_sending, send_to.mailbox, send), seconds=SENDING_SECONDS)


def _smtp(url: SmtpUrl, mail_from: str) -> AsyncIterator[Finding]:
    return check_smtp(url, mail_from, probe(smtp_server(url)))


def _sending(settings: Settings, url: SmtpUrl, to: EmailAddress) -> Callable[[], Awaitable[None]]:
    async def send() -> None:
        writer = mail_writer(settings, SystemClock())
        mailer = SmtpMailer(smtp_server(url), writer)
        try:
            message = writer.write_test(to, MAIL_ID_PREFIX + SystemRandomness().urlsafe(16))
            await mailer.hand_over(message, to.mailbox)
        finally:
            mailer.close()

    return send
