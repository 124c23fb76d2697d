"""Where the application is: below which path, seen from the outside."""

from urllib.parse import quote, urlsplit

from starlette.types import Scope

_KEPT = "/%:@!$&'()*+,;=~"
"""What a path may hold as it is (RFC 3986 section 3.3)."""
_IN_NO_PATH = frozenset("?#%\\\x7f") | frozenset(map(chr, range(0x20)))
"""What ends a path, encodes a character in it, or is in none that we serve."""


def located(scope: Scope, prefix: str) -> Scope:
    """Returns the scope of a request with the root path that is true, and a path that begins with it.

    `prefix` is added to the root path unless that ends with it already: whoever mounted us may have said so, or not.
    The path that arrives may have lost the prefix, or what a host declares as its own root path and its proxy strips.
    """
    declared: str = scope.get("root_path", "")
    path: str = scope["path"]
    if not prefix and (not declared or _is_below(path, declared)):
        return scope
    root_path = declared if declared.endswith(prefix) else declared + prefix
    mounted_at = root_path.removeprefix(scope.get("app_root_path", ""))
    start = next((each for each in (root_path, mounted_at, declared, prefix) if _is_below(path, each)), "")
    return {**scope, "root_path": root_path, "path": root_path + path.removeprefix(start)}


def base_path(scope: Scope) -> str:
    """Returns the path that ours are below, percent-encoded and without a slash at its end; it may be empty."""
    root_path: str = scope.get("root_path", "").strip("/")
    return f"/{quote(root_path, safe=_KEPT)}" if root_path else ""


def path_of_url(url: str) -> str:
    """Returns the path of a URL, percent-encoded and without a slash at its end; it may be empty."""
    return quote(urlsplit(url).path.rstrip("/"), safe=_KEPT)


def checked_prefix(prefix: str) -> str:
    """Returns a prefix without a slash at its end.

    Raises: ValueError when it does not begin with one, or no path of a request could begin with it.
    """
    if prefix and not prefix.startswith("/"):
        raise ValueError(f'a prefix begins with a slash, as "/accounts" does, and {prefix!r} does not')
    kept = prefix.removesuffix("/")
    segments = kept.split("/")[1:]
    if not all(segments) or not _IN_NO_PATH.isdisjoint(kept) or not {".", ".."}.isdisjoint(segments):
        raise ValueError(f'a prefix is a path that is not encoded, such as "/accounts", which {prefix!r} is not')
    return kept


def _is_below(path: str, start: str) -> bool:
    return bool(start) and (path == start or path.startswith(start + "/"))
