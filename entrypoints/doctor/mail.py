"""The way of a mail: as far as the server would take it, and all the way to one address that is given."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

from leadnator_auth.domain.errors import MailRefusedError, UnavailableError
from leadnator_auth.entrypoints.doctor.finding import Finding, fail, ok, warn
from leadnator_auth.entrypoints.doctor.hosts import is_this_machine
from leadnator_auth.entrypoints.settings import PREFIX
from leadnator_auth.entrypoints.settings.values import SmtpUrl

NAME, TEST = "smtp", "smtp test mail"
_URL = f"{PREFIX}SMTP_URL"
_LOG_IN = f"correct the user and the password in {_URL} (special characters as %XX)"
CURES: Mapping[str, str] = {
    "unknown name": f"correct the host in {_URL}, or mend the name server",
    "out of reach": f"see that the mail server runs and no firewall is between, and correct host and port in {_URL}",
    "not welcome": f"see that this port of {_URL} is one for mail (587 smtp+starttls, 465 smtps) and takes us",
    "name refused": f"set {PREFIX}SMTP_EHLO to this host's name as others know it",
    "not encrypted": f"ask for it at the mail server, or use smtps:// in {_URL}",
    "bad handshake": f"see that the scheme of {_URL} fits the port: smtp+starttls:// for 587, smtps:// for 465",
    "bad certificate": f"use the host name that is in the certificate in {_URL}, or add its authority (SSL_CERT_FILE)",
    "no log-in": f"remove user and password from {_URL}, or use smtp+starttls:// or smtps://",
    "log-in refused": _LOG_IN,
    "sender refused": f"set {PREFIX}MAIL_FROM to an address that this server lets us send from",
}


class Probed(Protocol):
    """What was found at one step of the way."""

    @property
    def step(self) -> str:
        """Its name."""

    @property
    def found(self) -> str:
        """What it was, in words."""

    @property
    def trouble(self) -> str | None:
        """Why a mail would get no further, by the names in CURES."""


def check_no_smtp(folder: Path) -> list[Finding]:
    """Returns what it means that there is no mail server."""
    found = f"{_URL} is not set: mails become files in {folder.absolute()}"
    return [warn(NAME, found, f"set {_URL}, so that people get their mails")]


async def check_smtp(url: SmtpUrl, mail_from: str, steps: AsyncIterator[Probed]) -> AsyncIterator[Finding]:
    """Yields what is found on the way to the mail server; nothing is sent."""
    if mail_from.endswith("@localhost"):
        cure = f"set {PREFIX}MAIL_FROM to an address that mails may come from"
        yield warn(NAME, f"mails come from {mail_from}, which most servers refuse", cure)
    if url.scheme == "smtp" and (url.password is not None or not is_this_machine(url.host)):
        travels = "the password and the links" if url.password is not None else "the links"
        yield warn(NAME, f"{travels} in mails travel without encryption", f"use smtp+starttls:// or smtps:// in {_URL}")
    async for probed in steps:
        name = f"{NAME} {probed.step}"
        yield fail(name, probed.found, CURES[probed.trouble]) if probed.trouble else ok(name, probed.found)


async def check_sending(address: str, send: Callable[[], Awaitable[None]] | None) -> AsyncIterator[Finding]:
    """Sends one test mail, and yields whether the mail server took it."""
    if send is None:
        yield fail(TEST, "there is no mail server: nothing was sent", f"set {_URL}")
        return
    try:
        await send()
    except MailRefusedError as error:
        yield fail(TEST, f"the server refuses it: {error}", f"see that {PREFIX}MAIL_FROM and {address} are right")
    except UnavailableError as error:
        yield fail(TEST, f"not sent: {error}", "mend what is said above of smtp, or try again later")
    else:
        yield ok(TEST, f"the server took it for {address}")
