"""The two settings whose URL is taken apart: an argument is text, or the parts that it is made of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leadnator_auth.entrypoints.settings.arguments import wrong_type
from leadnator_auth.entrypoints.settings.database_url import DatabaseUrl, PostgresqlUrl, read_database_url
from leadnator_auth.entrypoints.settings.field import metadata_of, parsed
from leadnator_auth.entrypoints.settings.smtp import SmtpUrl, smtp_url

DATABASE_URL = metadata_of(
    "DATABASE_URL", read_database_url, "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE", secret=True
)
SMTP_URL = metadata_of(
    "SMTP_URL",
    smtp_url,
    "smtp://, smtp+starttls:// or smtps:// with a host, optionally user:password@ and :port",
    secret=True,
)


def as_database_url(value: str | DatabaseUrl) -> DatabaseUrl:
    """Returns what an argument says.

    Raises: SettingError.
    """
    if isinstance(value, Path) and value.name in ("", ":memory:"):
        raise wrong_type(value, "database_url", DATABASE_URL)
    return _url(value, (Path, PostgresqlUrl), "database_url", DATABASE_URL)  # type: ignore[no-any-return]  # as it was checked


def as_smtp_url(value: str | SmtpUrl | None) -> SmtpUrl | None:
    """Returns what an argument says.

    Raises: SettingError.
    """
    return _url(value, (SmtpUrl, type(None)), "smtp_url", SMTP_URL)  # type: ignore[no-any-return]  # as it was checked


def _url(
    value: object, kinds: tuple[type, ...], name: str, metadata: Mapping[str, Any]
) -> Any:  # of one of these kinds
    if isinstance(value, str):
        return parsed(value, metadata)
    if not isinstance(value, kinds):
        raise wrong_type(value, name, metadata)
    return value
