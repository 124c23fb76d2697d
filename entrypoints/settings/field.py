"""The field of one setting: its variable, how its text is read, and how a wrong one is refused."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from leadnator_auth.domain import RateLimit
from leadnator_auth.entrypoints.settings.arguments import is_default, limit_of, text_of
from leadnator_auth.entrypoints.settings.errors import FileError, SettingError
from leadnator_auth.entrypoints.settings.misplaced import MIN_SECRET_BYTES, may_hold_a_secret
from leadnator_auth.entrypoints.settings.names import PREFIX
from leadnator_auth.entrypoints.settings.url_parts import UrlError, check_unquoted
from leadnator_auth.entrypoints.settings.values import Between, OneOf


def metadata_of(
    name: str, parse: Callable[[str], object], takes: str, *, secret: bool = False, url: bool = False
) -> dict[str, Any]:
    """Returns what a setting is called, how its text is read, and what is said of one that is wrong."""
    return {"name": PREFIX + name, "parse": parse, "takes": takes, "secret": secret, "url": url}


def setting(  # what attrs.field gives a class body has no honest type
    name: str,
    parse: Callable[[str], object],
    default: object,
    takes: str | None = None,
    *,
    secret: bool = False,
    url: bool = False,
) -> Any:
    """Returns the field of a setting, whose argument is checked as its variable is.

    What it takes need not be told where the parser tells it.
    """
    told = parse.takes if isinstance(parse, Between | OneOf) else ""
    metadata = metadata_of(name, parse, takes or told, secret=secret, url=url)
    return attrs.field(
        default=default, converter=attrs.Converter(_checked, takes_field=True), metadata=metadata, repr=not secret
    )


def _checked(value: object, field: "attrs.Attribute[Any]") -> object:
    if is_default(value, field):
        return value
    if isinstance(value, RateLimit):
        return limit_of(value, field)
    text = text_of(value, field)
    return parsed(text, field.metadata) if text or isinstance(value, str) else ()  # an empty list is none


def parsed(text: str, metadata: Mapping[str, Any]) -> Any:  # what a parser returns is its field's to say
    """Returns what the text of a setting means.

    Raises: SettingError, which never shows a secret.
    """
    try:
        check_unquoted(text.strip())
        return metadata["parse"](text.strip())
    except ValueError as error:
        reason = f"; {error}" if isinstance(error, UrlError | FileError) and str(error) else ""
        raise SettingError(wrong(text, metadata) + reason) from None


def wrong(text: str, metadata: Mapping[str, Any]) -> str:
    """Returns that this is no value of a setting; what may be a secret, of this setting or another, is not shown."""
    is_hidden = metadata["secret"] or may_hold_a_secret(text) or (metadata["url"] and "@" in text)
    is_hidden = is_hidden or (isinstance(metadata["parse"], Between | OneOf) and _is_long(text))
    got = "a value that is not shown here" if is_hidden else repr(text)
    return f"{metadata['name']}: got {got}, takes {metadata['takes']}"


def _is_long(text: str) -> bool:
    return not text.isdecimal() and len(text.encode(errors="replace")) >= MIN_SECRET_BYTES
