"""The composition root: the only place that knows which adapter serves which port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, closing

from leadnator_auth.adapters.bcrypt_hasher import BcryptHasher
from leadnator_auth.adapters.email_syntax import ValidatedEmailSyntax
from leadnator_auth.adapters.foreign_hashes import ForeignHashes
from leadnator_auth.adapters.sql import (
    AddressError,
    Connections,
    SchemaError,
    SqlIdentities,
    SqlRateLimits,
    SqlReadiness,
    SqlUnitOfWork,
    backend_of,
    is_sqlite,
    migrate,
    pool_size_of,
)
from leadnator_auth.adapters.system import SystemClock, SystemRandomness
from leadnator_auth.domain import Commit, KeyRing, Ports, SigningAlgorithm, UnavailableError, keep_signing_keys
from leadnator_auth.entrypoints.compose.mail import DEFAULT_PUBLIC_URL, MAIL_FOLDER, check_templates_of, opened_mailer
from leadnator_auth.entrypoints.compose.metadata_schema import metadata_schema
from leadnator_auth.entrypoints.compose.passkeys import passkey_ceremony
from leadnator_auth.entrypoints.compose.passwords import password_blocklist
from leadnator_auth.entrypoints.compose.policy import policy_of
from leadnator_auth.entrypoints.compose.secrets import (
    code_keys,
    jwt_tokens,
    master_key_file,
    master_keys,
    require_signing_secret,
    signing_secret_file,
)
from leadnator_auth.entrypoints.compose.signing_keys import check_they_open, key_maker, require_signing_keys
from leadnator_auth.entrypoints.compose.webhooks import opened_webhooks
from leadnator_auth.entrypoints.settings import Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.entrypoints.settings.view import Surroundings
from leadnator_auth.entrypoints.telemetry.metrics import Levels, Metrics

DEFAULT_RESET_URL = "{public_url}/reset-password?token={token}"


def prepare(settings: Settings, *, check_keys: bool = True) -> bool:
    """Makes the database, the secrets and the signing keys ready; returns whether the schema had to be changed.

    Without `check_keys`, it does not matter whether the master key opens the signing keys: for who would mend that.

    Raises: StartError.
    """
    require_signing_secret(settings)
    require_signing_keys(settings)
    password_blocklist(settings)  # here, where it can be told in one line, and not in each process
    metadata_schema(settings)
    check_templates_of(settings)
    try:
        changed = migrate(settings.database)
    except SchemaError as error:
        raise StartError(str(error)) from error
    jwt_tokens(settings)
    master_keys(settings)
    if SigningAlgorithm(settings.jwt_algorithm).has_public_keys:
        with ThreadPoolExecutor(1) as thread:  # there may be an event loop in this one
            thread.submit(asyncio.run, _prepare_keys(settings, check=check_keys)).result()
    return changed


async def _prepare_keys(settings: Settings, *, check: bool) -> None:
    """Makes the signing keys that are missing.

    Raises: StartError.
    """
    async with open_ports(settings) as ports:
        try:
            keys = await keep_signing_keys(ports=ports)
        except UnavailableError as error:
            raise StartError(f"cannot make the signing keys: {error}") from error
        if check:
            check_they_open(keys, ports)


@asynccontextmanager
async def open_ports(
    settings: Settings, on_commit: Callable[[Commit], None] = lambda commit: None, metrics: Metrics | None = None
) -> AsyncIterator[Ports]:
    """Opens a complete set of ports and closes it after the block; `prepare` comes first.

    Connections to the database are made as they are needed, so that a database that is away for a moment keeps no
    server from starting. What all are busy with is told to `metrics`.

    Raises: StartError.
    """
    clock = SystemClock()
    schema = metadata_schema(settings)
    keys = master_keys(settings)
    ring = KeyRing(SigningAlgorithm(settings.jwt_algorithm))
    tokens = jwt_tokens(settings, ring, keys)
    metrics = metrics or Metrics()
    with _hasher(settings, metrics) as hasher, opened_mailer(settings, clock) as mailer:
        async with _connections(settings, metrics) as connections, opened_webhooks(settings) as webhooks:
            metrics.levels = lambda: _levels(hasher, connections)
            yield Ports(
                unit_of_work=SqlUnitOfWork(connections, on_commit),
                identities=SqlIdentities(connections),
                hasher=hasher,
                tokens=tokens,
                emails=ValidatedEmailSyntax(settings.email_allow),
                mailer=mailer,
                clock=clock,
                randomness=SystemRandomness(),
                rate_limits=SqlRateLimits(connections),
                readiness=SqlReadiness(connections),
                master_keys=keys,
                code_keys=code_keys(keys, tokens),
                key_ring=ring,
                key_maker=key_maker(),
                webhooks=webhooks,
                passkeys=passkey_ceremony(settings),
                policy=policy_of(settings),
                metadata_schema=schema,
            )


@asynccontextmanager
async def _connections(settings: Settings, metrics: Metrics) -> AsyncIterator[Connections]:
    try:
        backend = backend_of(
            settings.database,
            settings.database_pool_size,
            prepared_statements=settings.database_prepared_statements == "on",
        )
    except (AddressError, OSError) as error:
        raise StartError(str(error)) from error
    connections = Connections(backend, metrics.waited_for_connection)
    try:
        yield connections
    finally:
        await connections.close()


def _hasher(settings: Settings, metrics: Metrics) -> AbstractContextManager[BcryptHasher]:
    return closing(
        BcryptHasher(
            cost=settings.bcrypt_cost,
            workers=settings.hash_workers,
            queue=settings.hash_queue,
            observe=metrics.hashed,
            foreign=ForeignHashes(),
        )
    )


def _levels(hasher: BcryptHasher, connections: Connections) -> Levels:
    return Levels(
        hashes_waiting=hasher.waiting,
        hashes_running=hasher.running,
        pool_size=connections.size,
        pool_in_use=connections.size - connections.idle,
        pool_waiting=connections.waiting,
    )


def surroundings(settings: Settings) -> Surroundings:
    """Returns what is in force where the settings leave it open."""
    return Surroundings(
        pool_size=pool_size_of(settings.database),
        public_url=DEFAULT_PUBLIC_URL,
        reset_url=DEFAULT_RESET_URL,
        mail_folder=MAIL_FOLDER,
        secret_file=signing_secret_file(settings.database) if is_sqlite(settings.database) else None,
        master_key_file=master_key_file(settings.database) if is_sqlite(settings.database) else None,
    )
