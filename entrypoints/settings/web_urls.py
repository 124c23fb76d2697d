"""Parsers of the URLs of pages, and of what else is on the web: each returns the text or raises ValueError."""

import re

from leadnator_auth.entrypoints.settings.url_parts import UrlError, UrlParts, one_host, split_url

_PLACEHOLDER = re.compile(r"\{(?:token|public_url)\}|(\{[^{}]*\}?|\})")
"""One that is filled in, or in the group whatever else looks like one."""
_NAME = re.compile(r"\{? ?[A-Za-z_-]{0,16} ?\}?")
# An encoded slash, backslash or dot is in no path that we serve, and braces are filled in where links are made.
_SERVED_PATH = re.compile(r"(?:/(?!\.\.?(?:/|$))(?:[^/\\%{}\s]|%(?!2[EF]|5C)[0-9A-F]{2})+)*", re.IGNORECASE)


def public_url(text: str) -> str:
    """Returns the base of all links, without a slash at its end."""
    parts = _base_url(text)
    if not _SERVED_PATH.fullmatch(parts.path.rstrip("/")):
        raise UrlError("nothing can be served below its path: that is of plain segments, such as /accounts")
    return text.rstrip("/")


def reset_url(text: str) -> str:
    """Returns the link to set a new password, with `{token}` and perhaps `{public_url}` in it, and no other braces."""
    unknown = next((found[1] for found in _PLACEHOLDER.finditer(text) if found[1]), None)
    if unknown:
        is_named = "@" not in text and _NAME.fullmatch(unknown)  # else it may be a part of a password
        named = f"there is no {unknown}: " if is_named else ""
        raise UrlError(f"{named}only {{token}} and {{public_url}} are filled in")
    if text.count("{token}") != 1:
        raise ValueError
    _web_url(text.replace("{public_url}", "http://public.url"))
    return text


def login_url(text: str) -> str:
    """Returns the URL of a page to log in at."""
    _web_url(text)
    return text


def otlp_endpoint(text: str) -> str:
    """Returns the base URL of an OpenTelemetry collector, without a slash at its end."""
    _base_url(text)
    return text.rstrip("/")


def _base_url(text: str) -> UrlParts:
    parts = _web_url(text)
    if parts.query is not None or parts.fragment is not None:
        raise ValueError
    return parts


def _web_url(text: str) -> UrlParts:
    parts = split_url(text, ("http", "https"))
    if parts.user is not None or parts.password is not None:
        raise UrlError("a user name and a password have no place in it")
    one_host(parts)
    return parts
