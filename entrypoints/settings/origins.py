"""The origins of front ends, in the one spelling that a browser sends (the Fetch and URL standards)."""

import ipaddress
import re

from leadnator_auth.entrypoints.settings.url_parts import Host, UrlError, split_url

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://.*", re.DOTALL)
_OPAQUE = ("about", "blob", "data", "filesystem", "javascript", "mailto", "view-source")
_NO_PAGES = ("ftp", "ws", "wss")
_QUOTATION_MARKS = ("'", '"')
# Its host is a name of its own kind: "." in some Electron applications, an id in extensions.
_OF_AN_APP = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._-]+(?::[1-9][0-9]{0,4})?")
# What an application for Android signs instead of an origin (developer.android.com, Credential Manager).
_OF_AN_ANDROID_APP = re.compile(r"android:apk-key-hash:[A-Za-z0-9_-]{43}", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_EXAMPLE = "https://app.example.com or capacitor://localhost"
# IDNA of 2003, which Python knows, and the browsers' disagree about these.
_DEVIATING = re.compile("[\u00df\u03c2\u200c\u200d]")


def read_origins(text: str) -> tuple[str, ...]:
    """Returns origins that are separated by commas.

    Raises: UrlError, with the form to write where there is one.
    """
    return tuple(_origin(part.strip()) for part in text.split(","))


def read_passkey_origins(text: str) -> tuple[str, ...]:
    """Returns origins as `read_origins` does; that of an application for Android is the digest of its certificate.

    Raises: UrlError.
    """
    parts = [part.strip() for part in text.split(",")]
    return tuple(part if _OF_AN_ANDROID_APP.fullmatch(part) else _origin(part) for part in parts)


def origin_of(url: str) -> str:
    """Returns the origin of the pages at an http:// or https:// URL, as a browser spells it.

    Raises: UrlError.
    """
    scheme = _scheme_of(url)
    return _as_sent(scheme, _host_of(url, scheme))


def is_address(origin: str) -> bool:
    """Returns whether the host of an origin is an IP address."""
    host = split_url(origin, tuple(_DEFAULT_PORTS)).hosts[0].name
    return ":" in host or bool(_NUMBER.fullmatch(host.rpartition(".")[2]))


def _origin(text: str) -> str:
    scheme = _scheme_of(text)
    if scheme not in _DEFAULT_PORTS and _OF_AN_APP.fullmatch(text):
        return text
    sent = _as_sent(scheme, _host_of(text, scheme))
    if text != sent:
        raise UrlError(f"no browser sends it so: write {sent}")
    return sent


def _scheme_of(text: str) -> str:
    if "*" in text:
        raise UrlError("a browser never sends a *: name each origin in full")
    if text[:1] in _QUOTATION_MARKS:
        raise UrlError("leave out the quotation marks around it")
    if text.lower() == "null":
        raise UrlError("null stands for every sandboxed frame and local file, of anybody: give the front end an origin")
    match = _SCHEME.fullmatch(text)
    if match is None:
        raise UrlError(f"an origin begins with its scheme, as {_EXAMPLE} does")
    scheme = match[1].lower()
    if scheme == "file":
        raise UrlError("every local file is of this origin: serve the front end, as from http://localhost")
    if scheme in _NO_PAGES or scheme in _OPAQUE:
        raise UrlError(f"no page has an origin of {scheme}:; an origin is such as {_EXAMPLE}")
    return scheme


def _host_of(text: str, scheme: str) -> Host:
    parts = split_url(text, (scheme,))
    if parts.user is not None or parts.password is not None:
        raise UrlError("a user name and a password have no place in it")
    if len(parts.hosts) != 1 or parts.hosts[0].name.startswith("/"):
        raise UrlError(f"an origin is a scheme and one host, as {_EXAMPLE} is")
    return parts.hosts[0]


def _as_sent(scheme: str, host: Host) -> str:
    """Returns an origin as a browser spells it."""
    port = "" if host.port in (None, _DEFAULT_PORTS.get(scheme)) else f":{host.port}"
    return f"{scheme}://{_host_as_sent(host.name)}{port}"


def _host_as_sent(name: str) -> str:
    if ":" in name:
        return f"[{_ipv6_as_sent(ipaddress.IPv6Address(name))}]"
    if not name.isascii():
        name = _in_ascii(name)
    if _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]):
        return _ipv4_as_sent(name)
    return name.lower()


def _in_ascii(name: str) -> str:
    if _DEVIATING.search(name):
        raise UrlError("write its host in ASCII, as a browser shows it in location.origin: xn--…")
    return name.encode("idna").decode()


def _ipv4_as_sent(name: str) -> str:
    try:
        return str(ipaddress.IPv4Address(name.rstrip(".")))
    except ValueError:
        raise UrlError("its host ends in a number and is no IPv4 address, such as 192.0.2.1") from None


def _ipv6_as_sent(address: ipaddress.IPv6Address) -> str:
    """Returns an address in the URL standard's spelling: hexadecimal, the longest run of zeros left out."""
    groups = [f"{int(group, 16):x}" for group in re.findall("....", f"{int(address):032x}")]
    runs = re.finditer(r"(?:\b0:)+0\b", text := ":".join(groups))
    longest = max(runs, key=lambda run: len(run[0]), default=None)
    if longest is None:
        return text
    return f"{text[: longest.start()].removesuffix(':')}::{text[longest.end() :].removeprefix(':')}"
