"""The adapters that write mails and hand them over, as the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from leadnator_auth.adapters.mail import DEFAULT_PORTS, MailFiles, MailWriter, Security, SmtpServer
from leadnator_auth.adapters.system import SystemClock
from leadnator_auth.domain import EmailAddress, MailDelayedError, NoticeMail, Purpose, SecretMail
from leadnator_auth.domain.mail_rules import MAIL_RULES
from leadnator_auth.domain.ports import Mailer
from leadnator_auth.domain.values.ids import MAIL_ID_PREFIX
from leadnator_auth.entrypoints.settings import PREFIX, Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.entrypoints.settings.mail_sender import read_sender
from leadnator_auth.entrypoints.settings.masking import one_line
from leadnator_auth.entrypoints.settings.smtp import SmtpUrl

MAIL_FOLDER = Path("mail")
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"


@contextmanager
def opened_mailer(settings: Settings, clock: SystemClock) -> Iterator[Mailer]:
    """Lends whoever hands mails over: to the mail server that is set, or else to a folder."""
    writer = mail_writer(settings, clock)
    if settings.smtp_url is None:
        yield MailFiles(MAIL_FOLDER, writer)
        return
    from leadnator_auth.adapters.mail.smtp import SmtpMailer  # not needed to start without

    mailer = SmtpMailer(smtp_server(settings.smtp_url, settings), writer)
    try:
        yield mailer
    finally:
        mailer.close()


def mail_writer(settings: Settings, clock: SystemClock) -> MailWriter:
    """Returns who writes the mails, with the links and in the words that the settings say."""
    sender = read_sender(settings.mail_from)
    return MailWriter(
        sender=sender.address,
        links=_links(settings),
        clock=clock,
        app_name=settings.app_name,
        language=settings.mail_language,
        own_templates=settings.mail_templates,
        sender_name=sender.name,
    )


def check_templates_of(settings: Settings) -> None:
    """Makes sure that a mail of each kind can be made of the operator's templates, if there are any.

    Raises: StartError, which names the template and what is wrong with it.
    """
    if settings.mail_templates is None:
        return
    to, now, id_ = EmailAddress("alice@example.com", "alice@example.com"), SystemClock().now(), f"{MAIL_ID_PREFIX}0"
    writer = mail_writer(settings, SystemClock())
    try:
        for kind, rule in MAIL_RULES.items():
            has_secret = rule.mints is not None
            writer.write(
                SecretMail(id_, kind, to, "", now, timedelta(hours=1)) if has_secret else NoticeMail(id_, kind, to, now)
            )
    except MailDelayedError as error:
        raise StartError(f"{PREFIX}MAIL_TEMPLATES: {one_line(str(error))}") from error


def _links(settings: Settings) -> dict[Purpose, str]:
    """Returns where the secrets in mails lead: to a page below the public URL, or to one of the operator's own."""
    minted = [rule.mints for rule in MAIL_RULES.values() if rule.mints and rule.mints.page]
    links = {each.purpose: f"{{public_url}}/{each.page}?token={{token}}" for each in minted}
    if settings.reset_url:
        links[Purpose.RESET] = settings.reset_url
    public_url = settings.public_url or DEFAULT_PUBLIC_URL
    return {purpose: link.replace("{public_url}", public_url) for purpose, link in links.items()}


def smtp_server(url: SmtpUrl, settings: Settings) -> SmtpServer:
    """Returns the mail server at this URL, and how to talk to it."""
    security = Security(url.scheme)
    return SmtpServer(
        host=url.host,
        port=url.port or DEFAULT_PORTS[security],
        security=security,
        username=url.username,
        password=url.password,
        timeout=settings.smtp_timeout,
        ehlo=settings.smtp_ehlo,
    )
