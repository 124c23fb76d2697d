"""The settings: read once from the environment, checked, and frozen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import attrs

from leadnator_auth.domain import Limits, RateLimit
from leadnator_auth.domain.policy import MOST_SESSIONS
from leadnator_auth.entrypoints.settings import account_values, files, values, web_urls
from leadnator_auth.entrypoints.settings.database_url import DatabaseUrl
from leadnator_auth.entrypoints.settings.errors import SettingError
from leadnator_auth.entrypoints.settings.field import setting, wrong
from leadnator_auth.entrypoints.settings.mail_sender import mail_from
from leadnator_auth.entrypoints.settings.names import PREFIX, refuse_unknown
from leadnator_auth.entrypoints.settings.origins import read_origins, read_passkey_origins
from leadnator_auth.entrypoints.settings.smtp import SmtpUrl, smtp_ehlo
from leadnator_auth.entrypoints.settings.url_arguments import DATABASE_URL, SMTP_URL, as_database_url, as_smtp_url


def _limit(name: str, field: str) -> Any:  # as `setting`
    variable = "LIMIT_" + name.replace("-", "_").upper()
    takes = "a number of tries and a period, such as 10/min or 100/hour (sec, min, hour, day)"
    return setting(variable, values.rate_limit(name), getattr(Limits(), field), takes)


@attrs.frozen(kw_only=True)
class Settings:
    """What an operator decides. Secrets are not in its repr.

    Each argument is checked as its variable is. Text is read as that of the variable would be; a number may be an int,
    on and off may be a bool, a folder and a SQLite file may be a Path, what takes several may be a list of them, and a
    limit may be a RateLimit.

    Raises: SettingError, which names the argument.
    """

    database_url: DatabaseUrl = attrs.field(
        default=Path("leadnator.db"), converter=as_database_url, metadata=DATABASE_URL, repr=False
    )
    database_schema: str | None = setting(
        "DATABASE_SCHEMA",
        values.schema_name,
        None,
        "with PostgreSQL, the name of a schema: at most 63 bytes without quotation marks, and none of PostgreSQL's own",
    )
    database_pool_size: int | None = setting("DATABASE_POOL_SIZE", values.Between(2, 1000, "connections"), None)
    database_prepared_statements: str = setting("DATABASE_PREPARED_STATEMENTS", values.OneOf("on", "off"), "on")
    jwt_secrets: tuple[str, ...] = setting(
        "JWT_SECRET",
        values.secrets,
        (),
        "one or more secrets of at least 32 bytes each, separated by commas",
        secret=True,
    )
    jwt_algorithm: str = setting("JWT_ALGORITHM", account_values.signing_algorithm, "HS256", "HS256, EdDSA or ES256")
    master_keys: tuple[str, ...] = setting(
        "MASTER_KEY",
        values.secrets,
        (),
        "one or more keys of at least 32 bytes each, separated by commas",
        secret=True,
    )
    token_ttl: int = setting("TOKEN_TTL", values.LIFETIME, 604_800)
    access_token_ttl: int = setting("ACCESS_TOKEN_TTL", values.LIFETIME, 300)
    reset_token_ttl: int = setting("RESET_TOKEN_TTL", values.LIFETIME, 3_600)
    step_up_ttl: int = setting("STEP_UP_TTL", values.LIFETIME, 600)
    email_verification: str = setting("EMAIL_VERIFICATION", values.OneOf("on", "off", "required"), "on")
    email_token_ttl: int = setting("EMAIL_TOKEN_TTL", values.LIFETIME, 86_400)
    email_code_login: str = setting("EMAIL_CODE_LOGIN", values.OneOf("on", "off"), "off")
    max_sessions: int = setting("MAX_SESSIONS", values.Between(1, MOST_SESSIONS), 100)
    session_idle: int | None = setting(
        "SESSION_IDLE", account_values.session_idle, None, "off, or a number of seconds from 60 to 315360000"
    )
    new_sign_in_notice: str = setting("NEW_SIGN_IN_NOTICE", values.OneOf("on", "off"), "off")
    event_retention: int = setting("EVENT_RETENTION", values.Between(1, 3650, "days"), 365)
    webhook_private_targets: str = setting("WEBHOOK_PRIVATE_TARGETS", values.OneOf("on", "off"), "off")
    signup: str | tuple[str, ...] = setting(
        "SIGNUP", account_values.sign_up, "open", "open, closed, or domains such as @example.com,@example.org"
    )
    min_password_length: int = setting("MIN_PASSWORD_LENGTH", values.Between(1, 256), 6)
    password_blocklist: str | Path = setting(
        "PASSWORD_BLOCKLIST", account_values.password_blocklist, account_values.OFF, account_values.BLOCKLIST_TAKES
    )
    user_metadata_schema: Path | None = setting(
        "USER_METADATA_SCHEMA", files.existing_file, None, "a file with a JSON Schema"
    )
    public_url: str | None = setting(
        "PUBLIC_URL", web_urls.public_url, None, "an http:// or https:// URL without query", url=True
    )
    reset_url: str | None = setting(
        "RESET_URL", web_urls.reset_url, None, "an http:// or https:// URL that holds {token} once", url=True
    )
    smtp_url: SmtpUrl | None = attrs.field(default=None, converter=as_smtp_url, metadata=SMTP_URL, repr=False)
    smtp_timeout: int = setting("SMTP_TIMEOUT", values.Between(1, 3600, "seconds"), 60)
    smtp_ehlo: str | None = setting(
        "SMTP_EHLO",
        smtp_ehlo,
        None,
        "a host name such as auth.example.com, or an address literal such as [192.0.2.1] or [IPv6:2001:db8::1]",
    )
    mail_from: str = setting(
        "MAIL_FROM",
        mail_from,
        "no-reply@localhost",
        "one e-mail address, perhaps with a name: no-reply@acme.example or Acme <no-reply@acme.example>",
    )
    mail_templates: Path | None = setting(
        "MAIL_TEMPLATES", files.existing_folder, None, "a folder with templates that replace ours"
    )
    mail_language: str = setting("MAIL_LANGUAGE", values.OneOf("en", "de"), "en")
    app_name: str = setting(
        "APP_NAME",
        values.app_name,
        "leadnator-auth",
        "a name of 1 to 64 characters without control characters, no URL and no secret",
    )
    login_url: str | None = setting(
        "LOGIN_URL", web_urls.login_url, None, "the http:// or https:// URL of a page to log in at", url=True
    )
    email_allow: tuple[str, ...] = setting(
        "EMAIL_ALLOW", values.domains, (), "domains such as corp.local, separated by commas"
    )
    bcrypt_cost: int = setting("BCRYPT_COST", values.Between(4, 16), 12)
    hash_workers: int | None = setting("HASH_WORKERS", values.Between(1, 256), None)
    hash_queue: int = setting("HASH_QUEUE", values.Between(0, 100_000), 64)
    rate_limit: str = setting("RATE_LIMIT", values.OneOf("on", "off"), "on")
    limit_login: RateLimit = _limit("login", "log_in")
    limit_login_account: RateLimit = _limit("login-account", "log_in_account")
    limit_login_client: RateLimit = _limit("login-client", "log_in_client")
    limit_signup: RateLimit = _limit("signup", "sign_up")
    limit_forgot: RateLimit = _limit("forgot", "forgot")
    limit_reset: RateLimit = _limit("reset", "reset")
    limit_change_password: RateLimit = _limit("change-password", "change_password")
    limit_login_code: RateLimit = _limit("login-code", "login_code")
    limit_login_code_confirm: RateLimit = _limit("login-code-confirm", "login_code_confirm")
    limit_passkey_options: RateLimit = _limit("passkey-options", "passkey_options")
    limit_passkey: RateLimit = _limit("passkey", "passkey")
    limit_refresh: RateLimit = _limit("refresh", "refresh")
    keep_alive: int = setting("KEEP_ALIVE", values.Between(1, 3600, "seconds"), 75)
    trusted_proxies: tuple[str, ...] = setting(
        "TRUSTED_PROXIES", values.networks, (), "IP addresses or networks, separated by commas"
    )
    cors_origins: tuple[str, ...] = setting(
        "CORS_ORIGINS",
        read_origins,
        (),
        "origins such as https://app.example.com or capacitor://localhost, separated by commas",
        url=True,
    )
    passkey_origins: tuple[str, ...] = setting(
        "PASSKEY_ORIGINS",
        read_passkey_origins,
        (),
        "origins such as https://app.example.com or android:apk-key-hash:…, separated by commas",
        url=True,
    )
    log_format: str | None = setting("LOG_FORMAT", values.OneOf("text", "json"), None)
    log_level: str = setting("LOG_LEVEL", values.OneOf("debug", "info", "warning", "error"), "info")
    otlp_endpoint: str | None = setting(
        "OTLP_ENDPOINT",
        web_urls.otlp_endpoint,
        None,
        "the http:// or https:// URL of an OpenTelemetry collector, such as http://127.0.0.1:4318",
        url=True,
    )

    @database_schema.validator
    def _has_schemas(self, attribute: "attrs.Attribute[object]", schema: str | None) -> None:
        if schema is not None and isinstance(self.database_url, Path):
            why = "the database is SQLite, which has none: unset it, or set"
            raise SettingError(f"{wrong(schema, attribute.metadata)}; {why} {PREFIX}DATABASE_URL")

    @property
    def database(self) -> DatabaseUrl:
        """Where everything is kept: what the URL says, and the schema in it."""
        url = self.database_url
        return url if isinstance(url, Path) else attrs.evolve(url, schema=self.database_schema)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Returns the settings in these variables; one that is absent or empty has its default.

        Raises: SettingError, also where one begins as ours do and means nothing.
        """
        refuse_unknown(environment, [field.metadata["name"] for field in attrs.fields(cls)])
        given = {field.name: environment.get(field.metadata["name"], "").strip() for field in attrs.fields(cls)}
        return cls(**{name: text for name, text in given.items() if text})  # type: ignore[arg-type]  # converted
