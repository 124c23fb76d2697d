"""Checks that need the network: the mail server, and the targets of links."""

import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from leadnator_auth.entrypoints.doctor.examining import Finding, fail, ok, warn
from leadnator_auth.entrypoints.settings import PREFIX
from leadnator_auth.entrypoints.settings.smtp import SmtpUrl

_URL = f"{PREFIX}SMTP_URL"
CURES: Mapping[str, str] = {
    "unknown name": f"correct the host in {_URL}, or mend the name server",
    "out of reach": f"see that the mail server runs and no firewall is between, and correct host and port in {_URL}",
    "not welcome": f"see that this port of {_URL} is one for mail (587 smtp+starttls, 465 smtps) and takes us",
    "name refused": f"set {PREFIX}SMTP_EHLO to this host's name as others know it",
    "not encrypted": f"ask for it at the mail server, or use smtps:// in {_URL}",
    "bad handshake": f"see that the scheme of {_URL} fits the port: smtp+starttls:// for 587, smtps:// for 465",
    "bad certificate": f"use the host name that is in the certificate in {_URL}, or add its authority (SSL_CERT_FILE)",
    "no log-in": f"remove user and password from {_URL}, or use smtp+starttls:// or smtps://",
    "log-in refused": f"correct the user and the password in {_URL} (special characters as %XX)",
    "log-in wanted": f"add user and password to {_URL} (smtp+starttls:// or smtps://), or have the server trust us",
    "encryption wanted": f"use smtp+starttls:// or smtps:// in {_URL}",
    "sender refused": f"set {PREFIX}MAIL_FROM to an address that this server lets us send from",
    "sender unproven": f"let SPF and DKIM of the domain in {PREFIX}MAIL_FROM name this server",
    "blocked": "have this machine's address taken off the list that the server names and give it a name (reverse DNS), "
    f"or send by another server: {_URL}",
    "relay denied": f"log in (user and password in {_URL}), or use a server that relays for this machine",
    "recipient refused": "send to an address that is there; where it is, ask who runs the mail server",
    "mailbox full": "send to an address whose mailbox has room",
    "greylisted": "wait: the server wants mail of strangers twice. Mails are tried again by themselves; run this later",
    "too many": "wait, or ask who runs the mail server for more; mails are tried again by themselves",
    "too big": f"make the templates in {PREFIX}MAIL_TEMPLATES smaller, or ask who runs the mail server for more",
    "content refused": f"see what the server says; if it takes mails for spam: {PREFIX}MAIL_FROM, templates",
    "postponed": "wait: mails are tried again by themselves; where it stays so, ask who runs the mail server",
    "too slow": f"raise {PREFIX}SMTP_TIMEOUT, or see what keeps the server",
}


class Probed(Protocol):
    """What was found at one step of the way of a mail; `trouble` is a key of CURES where it ends.

    `answer` has the words of the server, which may repeat what it was told.
    """

    @property
    def step(self) -> str: ...
    @property
    def found(self) -> str: ...
    @property
    def trouble(self) -> str | None: ...
    @property
    def answer(self) -> str: ...


def check_no_smtp(folder: Path) -> Iterator[Finding]:
    """Yields the consequences of having no mail server."""
    found = f"{_URL} is not set: mails become files in {folder.absolute()}"
    yield warn("smtp", found, f"set {_URL}, so that people get their mails")


async def check_smtp(url: SmtpUrl, mail_from: str, steps: AsyncIterator[Probed]) -> AsyncIterator[Finding]:
    """Yields the findings on the way to the mail server; nothing is sent."""
    if mail_from.endswith("@localhost"):
        cure = f"set {PREFIX}MAIL_FROM to an address that mails may come from"
        yield warn("smtp", f"mails come from {mail_from}, which most servers refuse", cure)
    if url.scheme == "smtp" and (url.password is not None or not is_this_machine(url.host)):
        travels = "the password and the links" if url.password is not None else "the links"
        cure = f"use smtp+starttls:// or smtps:// in {_URL}"
        yield warn("smtp", f"{travels} in mails travel without encryption", cure)
    async for probed in steps:
        yield _finding_of(probed)


async def check_sending(send: Callable[[], Awaitable[Probed]] | None) -> AsyncIterator[Finding]:
    """Sends one test mail, and yields whether the mail server took it."""
    if send is None:
        yield fail("smtp test mail", "there is no mail server: nothing was sent", f"set {_URL}")
    else:
        yield _finding_of(await send())


def _finding_of(probed: Probed) -> Finding:
    name = f"smtp {probed.step}"
    if not probed.trouble:
        return ok(name, probed.found)
    return fail(name, probed.found, CURES[probed.trouble], probed.answer)


def check_public_url(url: str | None, resolves: Callable[[str], bool]) -> Iterator[Finding]:
    """Yields whether links can be opened, and not be read on the way."""
    if url is None:
        found = f"{PREFIX}PUBLIC_URL is not set: links in mails lead to 127.0.0.1"
        yield warn("public url", found, "set it to the address that people reach this server at")
    else:
        yield from _check_link("public url", url, resolves)


def check_reset_url(url: str | None, resolves: Callable[[str], bool]) -> Iterator[Finding]:
    """Yields the same for a custom page; where there is none, links follow the public URL."""
    if url is None or url.startswith("{public_url}"):
        yield ok("reset url", f"follows {PREFIX}PUBLIC_URL")
    else:
        yield from _check_link("reset url", url, resolves)


def _check_link(name: str, url: str, resolves: Callable[[str], bool]) -> Iterator[Finding]:
    variable, parts = PREFIX + name.replace(" ", "_").upper(), urlsplit(url)
    host = parts.hostname or ""
    if is_this_machine(host):
        yield warn(name, f"{url} leads people to their own machine", f"set {variable} to an address for everybody")
        return
    if parts.scheme == "http":
        found = f"{url} is not encrypted: who reads along can reset passwords"
        yield warn(name, found, f"serve it over TLS, and let {variable} begin with https://")
    if not resolves(host):
        yield warn(name, f"{host} does not resolve", f"correct {variable}, or the entry at the name server")
    elif parts.scheme == "https":
        yield ok(name, url)


def is_this_machine(host: str | None) -> bool:
    """Returns whether a name or address means the machine that uses it (RFC 6761 section 6.3)."""
    name = (host or "").lower().rstrip(".")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def resolves(host: str) -> bool:
    """Returns whether there is an address for this name; may take as long as the name server does."""
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True
