"""The settings in force: each with its value, never a secret, and its source."""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import attrs

from leadnator_auth.domain import RateLimit
from leadnator_auth.entrypoints.settings import PREFIX, Settings
from leadnator_auth.entrypoints.settings.database_url import PostgresqlUrl
from leadnator_auth.entrypoints.settings.masking import MASK, masked_smtp_url, shown_database_url
from leadnator_auth.entrypoints.settings.names import Unknown, unknown_among
from leadnator_auth.entrypoints.settings.smtp import SmtpUrl

_PERIODS = {timedelta(seconds=1): "sec", timedelta(minutes=1): "min", timedelta(hours=1): "hour", timedelta(1): "day"}

Value = str | int | list[str] | None


class Source(StrEnum):
    """Where a value comes from."""

    ENVIRONMENT = "environment"
    DEFAULT = "default"
    FILE = "file"
    MISSING = "missing"
    """Nowhere, and without it the server does not start."""


@attrs.frozen
class Shown:
    """A setting as it may be shown to anybody."""

    name: str
    value: Value
    source: Source
    note: str = ""


@attrs.frozen
class Surroundings:
    """What the settings alone do not tell."""

    pool_size: int
    public_url: str
    """Where links lead when nothing is set."""
    reset_url: str
    mail_folder: Path
    secret_file: Path | None
    """Where the signing secret is kept when it is not set, if there is such a place."""
    master_key_file: Path | None
    """Where the master key is kept when it is not set, if there is such a place."""


def names_of_settings() -> list[str]:
    """Returns the names of all variables that are read."""
    return [field.metadata["name"] for field in attrs.fields(Settings)]


def unknown_settings(environment: Mapping[str, str]) -> list[Unknown]:
    """Returns the variables that begin as ours do, in whatever case, and mean nothing."""
    return unknown_among(environment, names_of_settings())


def in_force(settings: Settings, environment: Mapping[str, str], around: Surroundings) -> list[Shown]:
    """Returns every setting, in the order of their definition."""
    return [_shown(field, settings, environment, around) for field in attrs.fields(Settings)]


def _shown(
    field: "attrs.Attribute[object]", settings: Settings, environment: Mapping[str, str], around: Surroundings
) -> Shown:
    name = field.metadata["name"]
    value = getattr(settings, field.name)
    if environment.get(name, "").strip():
        return Shown(name, _value(field.name, value), Source.ENVIRONMENT, _note(value, is_secret=_hidden(field.name)))
    if field.name in _DERIVED:
        return attrs.evolve(_DERIVED[field.name](settings, around), name=name)
    return Shown(name, _value(field.name, value), Source.DEFAULT)


def _hidden(field: str) -> bool:
    return field in ("jwt_secrets", "master_keys")


def _note(value: object, *, is_secret: bool) -> str:
    return f"{len(value)} secrets" if is_secret and isinstance(value, tuple) and len(value) > 1 else ""


def _value(field: str, value: object) -> Value:
    if _hidden(field):
        return MASK
    if isinstance(value, SmtpUrl):
        return masked_smtp_url(value)
    if isinstance(value, RateLimit):
        return f"{value.count}/{_PERIODS[value.period]}"
    if isinstance(value, tuple):
        return [str(each) for each in value]
    if isinstance(value, Path | PostgresqlUrl) and field == "database_url":
        return shown_database_url(value)
    return value if value is None or isinstance(value, int) else str(value)


def _default(value: Value, note: str) -> Shown:
    return Shown("", value, Source.DEFAULT, note)


def _signing_secret(_: Settings, around: Surroundings) -> Shown:
    return _kept(around.secret_file) or Shown("", None, Source.MISSING, "required with PostgreSQL")


def _master_keys(_: Settings, around: Surroundings) -> Shown:
    off = "second factors, token pairs and webhooks are off without one"
    return _kept(around.master_key_file) or _default(None, off)


def _kept(file: Path | None) -> Shown | None:
    """Returns a secret that is in a file of its own, or None where it has no such place."""
    if file is None:
        return None
    if not _is_there(file):
        return Shown("", None, Source.FILE, f"{file}, which the first start makes")
    return Shown("", MASK, Source.FILE, str(file))


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # somewhere this user may not look
        return False


def _reset_url(settings: Settings, around: Surroundings) -> Shown:
    url = around.reset_url.replace("{public_url}", settings.public_url or around.public_url)
    return _default(url, f"from {PREFIX}PUBLIC_URL")


_DERIVED: Mapping[str, Callable[[Settings, Surroundings], Shown]] = {
    "database_schema": lambda _, __: _default(None, "PostgreSQL: what the role's search path begins with"),
    "database_pool_size": lambda _, around: _default(around.pool_size, "connections of each process"),
    "jwt_secrets": _signing_secret,
    "master_keys": _master_keys,
    "session_idle": lambda _, __: _default(None, "sessions may go unused"),
    "public_url": lambda _, around: _default(around.public_url, "with the port of `serve`"),
    "reset_url": _reset_url,
    "smtp_url": lambda _, around: _default(None, f"mails become files in {around.mail_folder}/"),
    "smtp_ehlo": lambda _, __: _default(None, "the host's full name, else its address literal"),
    "login_url": lambda _, __: _default(None, "pages lead to the start page"),
    "mail_templates": lambda _, __: _default(None, "those of this program"),
    "hash_workers": lambda _, __: _default(os.cpu_count() or 1, "the cores"),
    "log_format": lambda _, __: _default(None, "text on a terminal, else json"),
    "otlp_endpoint": lambda _, __: _default(None, "requests are not traced"),
}
