"""Shows settings without the secrets in them, and takes secrets out of what others say."""

import base64
import re
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.values import SmtpUrl

MASK = "***"
_USER_INFO = re.compile(r"//[^/]*@")
_HARMLESS_PARAMETERS = {
    "application_name",
    "connect_timeout",
    "database",
    "dbname",
    "host",
    "passfile",
    "port",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "user",
}
"""What libpq knows by these names is no secret; whatever else there is may be one."""
_LEAST_TO_TAKE_OUT = 4
"""Fewer characters are in every sentence."""
_LONGEST_LINE = 400


def masked_database_url(url: str) -> str:
    """Returns a database URL without its password."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return url
    user_info, at, hosts = parts.netloc.rpartition("@")
    if "@" in parts.path or "@" in parts.query:
        return f"{parts.scheme}://{MASK}"  # a "/" or "?" in the password, which then goes on in all that follows
    user, colon, _ = user_info.partition(":")
    login = user + (f":{MASK}" if colon else "") + at
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    shown = [(name, value if name in _HARMLESS_PARAMETERS else MASK) for name, value in pairs]
    query = f"?{urlencode(shown, safe='/*:,')}" if shown else ""
    return f"{parts.scheme}://{login}{hosts}{parts.path}{query}"


def masked_smtp_url(url: SmtpUrl) -> str:
    """Returns an SMTP URL without its password."""
    user = quote(url.username, safe="") if url.username is not None else ""
    password = f":{MASK}" if url.password is not None else ""
    host = f"[{url.host}]" if ":" in url.host else url.host
    port = f":{url.port}" if url.port is not None else ""
    return f"{url.scheme}://{user}{password}{'@' if user or password else ''}{host}{port}"


def masked_text(text: str) -> str:
    """Returns a text without what may be a log-in in it."""
    return _USER_INFO.sub(f"//{MASK}@", text)


def censor(settings: Settings, more: Iterable[str] = ()) -> Callable[[str], str]:
    """Returns what makes one line of a text that others wrote, without any secret of the settings in it."""
    secrets = sorted({*_secrets(settings), *more}, key=len, reverse=True)
    forms = [secret for secret in secrets if len(secret) >= _LEAST_TO_TAKE_OUT]

    def censored(text: str) -> str:
        for form in forms:
            text = text.replace(form, MASK)
        line = " ".join(text.split())
        shown = line if line.isprintable() else "".join(c if c.isprintable() else "?" for c in line)
        return shown if len(shown) <= _LONGEST_LINE else f"{shown[:_LONGEST_LINE]}..."

    return censored


def _secrets(settings: Settings) -> set[str]:
    """Returns the secrets, also as mail servers hear them (RFC 4616, and LOGIN): some repeat what they heard."""
    found = set(settings.jwt_secrets) | _database_passwords(settings.database_url)
    smtp = settings.smtp_url
    if smtp is not None and smtp.password:
        plain = f"\0{smtp.username or ''}\0{smtp.password}"
        found |= {smtp.password, _base64(smtp.password), _base64(plain)}
    return found | {quote(secret, safe="") for secret in found}


def _database_passwords(url: str) -> set[str]:
    parts = urlsplit(url)
    password = parts.netloc.rpartition("@")[0].partition(":")[2]
    hidden = {value for name, value in parse_qsl(parts.query) if name not in _HARMLESS_PARAMETERS}
    return {text for text in ({password, unquote(password)} | hidden) if text}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
