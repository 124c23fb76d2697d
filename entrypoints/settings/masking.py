"""Shows settings without the secrets in them, and takes secrets out of what others say."""

import base64
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.database_url import DatabaseUrl, PostgresqlUrl
from leadnator_auth.entrypoints.settings.smtp import SmtpUrl

MASK = "***"
_LEAST_TO_TAKE_OUT = 4
"""Fewer characters are in every sentence."""
_LONGEST_LINE = 400
_LONGEST_WORD = 15


def shown_database_url(url: DatabaseUrl) -> str:
    """Returns a database URL as it may be shown: without its secrets, and in one spelling."""
    if isinstance(url, PostgresqlUrl):
        return str(url)
    file = str(url).replace("%", "%25").replace("?", "%3F")
    return "sqlite:///" + (file.replace("@", "%40") if ":" in file else file)  # else it would look like a log-in


def masked_smtp_url(url: SmtpUrl) -> str:
    """Returns an SMTP URL without its password."""
    user = quote(url.username, safe="") if url.username is not None else ""
    password = f":{MASK}" if url.password is not None else ""
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = f":{url.port}" if url.port is not None else ""
    return f"{url.scheme}://{user}{password}{'@' if user or password else ''}{host}{port}"


def censor(settings: Settings, more: Iterable[str] = ()) -> Callable[[str], str]:
    """Returns what makes one line of a text that others wrote, without any secret of the settings in it."""
    secrets = sorted({*_secrets(settings), *more}, key=len, reverse=True)
    forms = [_pattern(secret) for secret in secrets if len(secret) >= _LEAST_TO_TAKE_OUT]

    def censored(text: str) -> str:
        for form in forms:
            text = form.sub(MASK, text)
        return one_line(text)

    return censored


def one_line(text: str) -> str:
    """Returns a text as one line that can be printed and is not too long."""
    line = " ".join(text.split())
    shown = line if line.isprintable() else "".join(c if c.isprintable() else "?" for c in line)
    return shown if len(shown) <= _LONGEST_LINE else f"{shown[:_LONGEST_LINE]}..."


def _pattern(secret: str) -> re.Pattern[str]:
    """Returns what finds a secret; one that could be a word is not looked for within longer ones."""
    edge = r"\b" if secret.isalpha() and len(secret) <= _LONGEST_WORD else ""
    return re.compile(f"{edge}{re.escape(secret)}{edge}")


def _secrets(settings: Settings) -> set[str]:
    """Returns the secrets, also as mail servers hear them (RFC 4616, and LOGIN): some repeat what they heard."""
    found = {*settings.jwt_secrets, *settings.master_keys}
    if isinstance(settings.database_url, PostgresqlUrl):
        found |= settings.database_url.secrets
    smtp = settings.smtp_url
    if smtp is not None and smtp.password:
        plain = f"\0{smtp.username or ''}\0{smtp.password}"
        found |= {smtp.password, _base64(smtp.password), _base64(plain)}
    return found | {quote(secret, safe="") for secret in found}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
