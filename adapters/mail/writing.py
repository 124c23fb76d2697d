"""Mails written as messages: the text comes from templates, and none of it from a user."""

import asyncio
import ipaddress
import math
import re
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from leadnator_auth.domain.entities.mail import NoticeMail, OutgoingMail, SecretMail
from leadnator_auth.domain.entities.one_time_token import Purpose
from leadnator_auth.domain.entities.session import Client
from leadnator_auth.domain.errors import MailDelayedError
from leadnator_auth.domain.mail_rules import MAIL_RULES
from leadnator_auth.domain.ports import Clock
from leadnator_auth.domain.values.email_address import EmailAddress

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
DEFAULT_LANGUAGE = "en"
LONGEST_LINE = 998
"""RFC 5322 section 2.1.1, without the end of the line."""
_WORDS = re.compile(r"[A-Za-z][A-Za-z +-]{0,31}", re.ASCII)
"""A client says what it likes: nothing of it that could be a link, an address or a number gets into a mail."""


def _environment(language: str, own_templates: Path | None) -> "Environment":
    """Returns the templates of a language; a file of the same name in an operator's folder takes the place of ours."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # not needed to start

    folders = [TEMPLATES / language]
    if own_templates is not None:
        folders = [own_templates / language, own_templates, *folders]
    return Environment(
        loader=FileSystemLoader(folders, encoding="utf-8-sig"),  # some editors begin a file with a byte-order mark
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@attrs.frozen
class MailWriter:
    """Turns a mail into a message of text and HTML.

    A link holds `{token}` where the secret goes; it comes from the settings, never from a request. `sender_name`
    is what people see of the sender, if there is such a name.
    """

    sender: str
    links: Mapping[Purpose, str]
    clock: Clock
    language: str = DEFAULT_LANGUAGE
    own_templates: Path | None = None
    app_name: str = "leadnator-auth"
    sender_name: str = ""

    def write(self, mail: OutgoingMail) -> EmailMessage:
        """Returns the message, addressed to the mail's one recipient.

        Raises: MailDelayedError when a template is broken: the mail waits until it is repaired.
        """
        kind, context = mail.kind, self._context(mail)
        context["app_name"] = self.app_name
        message = self._addressed(mail.to, mail.id)
        message["Subject"] = " ".join(self._render(f"{kind}.subject.txt", context).split())
        _set_content(message, self._render(f"{kind}.txt", context), self._render(f"{kind}.html", context))
        return message

    async def written(self, mail: OutgoingMail) -> EmailMessage:
        """Returns the message as `write` does, while the event loop goes on where that may take long."""
        is_slow = isinstance(mail, NoticeMail) and mail.client != Client()
        return await asyncio.to_thread(self.write, mail) if is_slow else self.write(mail)

    def write_test(self, to: EmailAddress, mail_id: str) -> EmailMessage:
        """Returns a message that says only that it arrived."""
        message = self._addressed(to, mail_id)
        message["Subject"] = f"Test mail of {self.app_name}"
        text = f"This is a test: mails of {self.app_name} reach you. Nothing has to be done.\n"
        message.set_content(text, cte=_encoding(text))
        return message

    def _addressed(self, to: EmailAddress, mail_id: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(self.sender_name, addr_spec=self.sender)
        message["To"] = Address(addr_spec=to.mailbox)
        message["Date"] = self.clock.now()
        # The same for every attempt, so that a mailbox that gets a mail twice can tell.
        message["Message-ID"] = f"<{mail_id}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        return message

    def _context(self, mail: OutgoingMail) -> dict[str, object]:
        """Returns what a template may say.

        That is `link`, `minutes` and `expires_at` of a secret, or `code` and its `minutes`; in a notice `changed_at`,
        which is when it happened, and of the client that it tells of `ip`, `program` and `system`, each empty where it
        is not known; `ways_in` has `has_second_factor` and the numbers of `passkeys` and `api_keys`.
        """
        mints = MAIL_RULES[mail.kind].mints
        if isinstance(mail, SecretMail) and mints and mints.page is None:
            # Some of its time is gone, perhaps a second: it works for no more than this.
            return {"code": mail.secret, "minutes": math.ceil(mail.lifetime.total_seconds() / 60)}
        if isinstance(mail, SecretMail) and mints:
            link = self.links[mints.purpose].replace("{token}", mail.secret)
            minutes = int(mail.lifetime.total_seconds() // 60)
            return {"link": link, "minutes": minutes, "expires_at": _readable(mail.expires_at)}
        if not isinstance(mail, NoticeMail):
            return {}
        program, system = described(mail.client.user_agent)
        told = {"changed_at": _readable(mail.at), "ip": _ip(mail.client), "program": program, "system": system}
        return {**told, "ways_in": mail.ways_in}

    @cached_property
    def _templates(self) -> "Environment":
        return _environment(self.language, self.own_templates)

    def _render(self, template: str, context: dict[str, object]) -> str:
        try:
            return self._templates.get_template(template).render(context)
        except Exception as error:  # an operator's template may trip over anything: bytes, types, a division
            reason = f"the mail template {_place(template, error)} is broken: {type(error).__name__}: {error}"
            raise MailDelayedError(reason, may_have_arrived=False) from error


def _set_content(message: EmailMessage, text: str, html: str) -> None:
    # Plain ASCII travels as it is, so that a link stays whole for people and programs that read the raw message.
    message.set_content(text, cte=_encoding(text))
    message.add_alternative(html, subtype="html", cte=_encoding(html))


def _encoding(content: str) -> str:
    fits = content.isascii() and all(len(line) <= LONGEST_LINE for line in content.splitlines())
    return "7bit" if fits else "quoted-printable"


def _place(template: str, error: Exception) -> str:
    """Returns which template is broken, and on which line of which file, if the library says so."""
    line, file = getattr(error, "lineno", None), getattr(error, "filename", None)
    return f"{template} ({file}, line {line})" if line and file else template


def _ip(client: Client) -> str:
    """Returns the address of a client, if it is one: whoever embeds the core may know it by another name."""
    try:
        return str(ipaddress.ip_address(client.ip.partition("%")[0]))
    except ValueError:
        return ""


def _readable(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")


def described(user_agent: str) -> tuple[str, str]:
    """Returns a client's program and system, such as Firefox and Linux; each is empty where it is not known.

    The first time it takes half a second to load.
    """
    if not user_agent:
        return "", ""
    try:
        from ua_parser import parse  # of the extra `agents`, and not needed for any other mail
    except ImportError:
        return "", ""
    result = parse(user_agent)
    program, system = result.user_agent, result.os
    return _known(program.family) if program else "", _known(system.family) if system else ""


def _known(name: str) -> str:
    return name if name != "Other" and _WORDS.fullmatch(name) else ""
