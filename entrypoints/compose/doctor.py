"""The other half of the composition root: the checks of `doctor`, and which adapter each looks through."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from importlib.util import find_spec

from leadnator_auth.adapters.bcrypt_hasher import nearest_cost, seconds_of_a_hash
from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.mail.probing import probe, send_test
from leadnator_auth.adapters.sql import SqlProbe, is_sqlite, library_shortcoming, probing
from leadnator_auth.adapters.system import SystemClock, SystemRandomness
from leadnator_auth.adapters.system.secret_file import read_secret
from leadnator_auth.domain import BadFieldError, EmailAddress, MasterKeys, SigningAlgorithm
from leadnator_auth.domain.values.ids import MAIL_ID_PREFIX
from leadnator_auth.entrypoints.compose import passkeys
from leadnator_auth.entrypoints.compose.mail import MAIL_FOLDER, check_templates_of, mail_writer, smtp_server
from leadnator_auth.entrypoints.compose.metadata_schema import metadata_schema
from leadnator_auth.entrypoints.compose.passwords import password_blocklist
from leadnator_auth.entrypoints.compose.secrets import master_key_file, signing_secret_file
from leadnator_auth.entrypoints.compose.signing_keys import key_maker
from leadnator_auth.entrypoints.compose.signing_keys import missing_libraries as missing_for_keys
from leadnator_auth.entrypoints.compose.webhooks import missing_libraries
from leadnator_auth.entrypoints.doctor import Check, Finding, Findings, Level, capabilities, database, local, remote
from leadnator_auth.entrypoints.doctor.derived_secrets import FACTORS, check_derived_secrets
from leadnator_auth.entrypoints.doctor.kept_secrets import check_master_key, check_signing_secret
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.entrypoints.settings.mail_sender import read_sender
from leadnator_auth.entrypoints.telemetry.tracing import tracing_to

SMTP_SECONDS = 60.0
"""A few steps that may each take twenty; some servers greet late on purpose."""
SENDING_SECONDS = 120.0
DATABASE_SECONDS = 12.0
"""A few questions, each of which the connections give up after four."""
HASHING_SECONDS = 60.0
"""It keeps a core busy and cannot hang; cost 16 takes some seconds."""


def address_of(text: str, settings: Settings) -> EmailAddress | None:
    """Returns the address that is meant, if it is one."""
    try:
        return ValidatedEmailSyntax(settings.email_allow).parse(text)
    except BadFieldError:
        return None


def checks(settings: Settings, environment: Mapping[str, str], send_to: EmailAddress | None) -> Sequence[Check]:
    """Returns the checks in the order in which they are run."""
    hashing = partial(local.check_hashing, settings.bcrypt_cost, seconds_of_a_hash, nearest_cost)
    return (
        Check("settings", partial(local.check_settings, environment)),
        *_checks_of_what_is_kept(settings),
        Check("passkeys", partial(_passkeys, settings)),
        Check("password hashing", hashing, HASHING_SECONDS),
        *_checks_of_mails_and_links(settings, send_to),
        Check("common passwords", partial(_blocklist, settings)),
        Check("sign-up", partial(capabilities.check_sign_up, settings.signup)),
        Check("verification", partial(capabilities.check_verification, settings.email_verification)),
        Check("log-in by code", partial(capabilities.check_code_log_in, settings.email_code_login)),
        Check("public keys", partial(_public_keys, settings)),
        Check("user metadata", partial(_metadata_schema, settings)),
        Check("tracing", partial(_tracing, settings)),
        Check("sign-in notice", partial(_sign_in_notice, settings)),
        Check("rate limit", partial(local.check_rate_limit, settings.rate_limit)),
        Check("proxies", partial(local.check_proxies, settings.trusted_proxies, settings.public_url)),
        Check("cors", partial(local.check_cors, settings.cors_origins)),
    )


def _checks_of_what_is_kept(settings: Settings) -> Sequence[Check]:
    path = settings.database if is_sqlite(settings.database) else None
    secret_file, key_file = (signing_secret_file(path), master_key_file(path)) if path else (None, None)
    opened = partial(_opened, settings)
    reading = partial(database.check_database, opened, SystemClock().now)
    has_key = partial(_has_master_key, settings)
    webhooks = partial(database.check_webhooks, opened, has_key, missing_libraries())
    derived = partial(check_derived_secrets, opened, has_key, SystemClock().now())
    return (
        Check("signing secret", partial(check_signing_secret, settings.jwt_secrets, secret_file, read_secret)),
        Check("master key", partial(check_master_key, settings.master_keys, key_file, read_secret)),
        Check("database file", lambda: local.check_database_file(path, library_shortcoming()) if path else ()),
        Check("database", lambda: reading() if _is_database_there(settings) else (), DATABASE_SECONDS),
        Check("signing keys", partial(_signing_keys, settings), DATABASE_SECONDS),
        Check(FACTORS, lambda: derived() if _is_database_there(settings) else (), DATABASE_SECONDS),
        Check("webhooks", lambda: webhooks() if _is_database_there(settings) else (), DATABASE_SECONDS),
    )


def _checks_of_mails_and_links(settings: Settings, send_to: EmailAddress | None) -> Sequence[Check]:
    public_url = partial(remote.check_public_url, settings.public_url, remote.resolves)
    reset_url = partial(remote.check_reset_url, settings.reset_url, remote.resolves)
    return (
        Check("smtp", partial(_smtp, settings), SMTP_SECONDS),
        Check("mail files", partial(local.check_mail_files, MAIL_FOLDER, is_used=settings.smtp_url is None)),
        Check("mail templates", partial(_templates, settings)),
        Check("smtp test mail", lambda: _test_mail(settings, send_to) if send_to else (), SENDING_SECONDS),
        Check("public url", public_url, when_late=Level.WARN),
        Check("reset url", reset_url, when_late=Level.WARN),
    )


def _opened(settings: Settings) -> AbstractAsyncContextManager[SqlProbe]:
    prepared = settings.database_prepared_statements == "on"
    return probing(settings.database, settings.database_pool_size, prepared_statements=prepared)


def _blocklist(settings: Settings) -> Findings:
    try:
        return local.check_blocklist(len(password_blocklist(settings)), "")
    except StartError as error:
        return local.check_blocklist(None, str(error))


def _public_keys(settings: Settings) -> Findings:
    algorithm = SigningAlgorithm(settings.jwt_algorithm)
    return capabilities.check_public_keys(algorithm.value, has_public_keys=algorithm.has_public_keys)


def _templates(settings: Settings) -> Findings:
    return local.check_templates(settings.mail_templates, _problem_of(check_templates_of, settings))


def _metadata_schema(settings: Settings) -> Findings:
    return capabilities.check_metadata_schema(settings.user_metadata_schema, _problem_of(metadata_schema, settings))


async def _tracing(settings: Settings) -> AsyncIterator[Finding]:
    endpoint, problem = settings.otlp_endpoint, ""
    if endpoint is not None:
        try:
            await tracing_to(endpoint).close()
        except StartError as error:
            problem = str(error)
    for finding in capabilities.check_tracing(endpoint, problem):
        yield finding


def _problem_of(made: Callable[[Settings], object], settings: Settings) -> str:
    """Returns what keeps something from being made, if anything does."""
    try:
        made(settings)
    except StartError as error:
        return str(error)
    return ""


def _sign_in_notice(settings: Settings) -> Findings:
    return local.check_sign_in_notice(settings.new_sign_in_notice, has_words=find_spec("ua_parser") is not None)


def _passkeys(settings: Settings) -> Findings:
    party, others = passkeys.relying_party(settings), settings.passkey_origins
    missing = passkeys.missing_libraries()
    if party is None:
        return capabilities.check_passkeys(None, None, others, missing)
    origin, *others_there = party.origins
    return capabilities.check_passkeys(origin, party.id, others_there, missing)


def _master_keys(settings: Settings) -> MasterKeys:
    """Returns the master keys that are set, or in the file; nothing is made."""
    keys = list(settings.master_keys)
    if not keys and is_sqlite(settings.database):
        with suppress(OSError, ValueError):
            keys = [read_secret(master_key_file(settings.database))]
    return MasterKeys(keys)


def _is_database_there(settings: Settings) -> bool:
    """Returns whether there may be anything to look for; to look into a file that is not there would make it."""
    return not is_sqlite(settings.database) or settings.database.is_file()


def _has_master_key(settings: Settings, key_id: str) -> bool:
    return _master_keys(settings).has(key_id)


def _signing_keys(settings: Settings) -> Findings:
    if not _is_database_there(settings):
        return ()
    keys, maker = _master_keys(settings), key_maker()
    can_sign = (lambda key: maker is not None and maker.can_sign(key, keys)) if keys else None
    algorithm, opened = SigningAlgorithm(settings.jwt_algorithm), partial(_opened, settings)
    return database.check_signing_keys(opened, algorithm, missing_for_keys(), can_sign, SystemClock().now())


def _smtp(settings: Settings) -> Findings:
    url = settings.smtp_url
    if url is None:
        return remote.check_no_smtp(MAIL_FOLDER)
    sender = read_sender(settings.mail_from).address
    return remote.check_smtp(url, sender, probe(smtp_server(url, settings), sender))


def _test_mail(settings: Settings, to: EmailAddress) -> Findings:
    url = settings.smtp_url
    if url is None:
        return remote.check_sending(None)
    writer = mail_writer(settings, SystemClock())
    message = writer.write_test(to, MAIL_ID_PREFIX + SystemRandomness().urlsafe(16))
    return remote.check_sending(partial(send_test, smtp_server(url, settings), message, writer.sender, to.mailbox))
