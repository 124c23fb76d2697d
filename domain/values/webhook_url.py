"""The URLs of webhooks: absolute, in RFC 3986's own characters, and with one way to read them.

Where a name leads to is looked at when connecting, not here: it may lead elsewhere by then.
"""

import ipaddress
import re

from leadnator_auth.domain.values.fields import BadFieldError, missing

MAX_URL_LENGTH = 2048
_MAX_HOST_LENGTH = 253
_MAX_PORT = 65535
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = rf"{_LABEL}(?:\.{_LABEL})*\.?"
_IP = "[0-9A-Fa-f:.]+"
# As RFC 3986 has it, and "[" and "]" besides, which queries such as `?tags[]=a` have all the same.
_PATH = r"(?:[/?](?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]-]|%[0-9A-Fa-f]{2})*)?"
URL_PATTERN = rf"^https?://(?:\[{_IP}\]|{_NAME})(?::[0-9]+)?{_PATH}$"
"""The form of a URL, for those who check before they ask; one of this form may be refused for a number in it."""
_SCHEME = re.compile("([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.ASCII | re.DOTALL)
_AUTHORITY = re.compile(rf"(?:\[(?P<ip>{_IP})\]|(?P<name>{_NAME}))(?::(?P<port>[0-9]+))?", re.ASCII)


def parse_webhook_url(text: str, *, allow_http: bool = False) -> str:
    """Returns the URL without surrounding white space, as it is otherwise.

    Raises: BadFieldError when it is blank, is longer than 2,048 characters, is not `https://` (nor `http://`, where
    that is allowed), has no host, has credentials or a fragment, or is no URL in the form of RFC 3986.
    """
    url = text.strip(" \t\r\n")
    if not url:
        raise missing()
    if len(url) > MAX_URL_LENGTH:
        raise BadFieldError("too_long", f"Use at most {MAX_URL_LENGTH:,} characters.")
    found = _SCHEME.fullmatch(url)
    schemes = ("https", "http") if allow_http else ("https",)
    if found is None or found[1].lower() not in schemes:
        raise BadFieldError("insecure_url", f"This must begin with {' or '.join(f'{each}://' for each in schemes)}.")
    authority, path = _parted(found[2])
    if "@" in authority:
        raise BadFieldError("invalid_url", "A URL with a user or a password in it is not allowed.")
    if "#" in authority + path:
        raise BadFieldError("invalid_url", "A URL with a fragment (#) is not allowed.")
    if not (_is_authority(authority) and re.fullmatch(_PATH, path)):
        raise BadFieldError(
            "invalid_url",
            "This is no URL: it needs a host (international names in their xn-- form), and other characters than those "
            "of RFC 3986 are percent-encoded.",
        )
    return url


def _parted(rest: str) -> tuple[str, str]:
    """Returns what is before the path or the query, and these."""
    end = next((place for place, character in enumerate(rest) if character in "/?#"), len(rest))
    return rest[:end], rest[end:]


def _is_authority(text: str) -> bool:
    found = _AUTHORITY.fullmatch(text)
    if found is None or not 1 <= int(found["port"] or _MAX_PORT) <= _MAX_PORT:
        return False
    return _is_ipv6(found["ip"]) if found["name"] is None else len(found["name"]) <= _MAX_HOST_LENGTH


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
