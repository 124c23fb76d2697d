"""The server: the HTTP application and the work beside it under uvicorn."""

import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from leadnator_auth import __version__
from leadnator_auth.domain import Commit
from leadnator_auth.entrypoints.background.working import BackgroundWork
from leadnator_auth.entrypoints.compose.mail import MAIL_FOLDER
from leadnator_auth.entrypoints.compose.ports import open_ports
from leadnator_auth.entrypoints.http import Site, create_app
from leadnator_auth.entrypoints.http.location import path_of_url
from leadnator_auth.entrypoints.server.forwarded import ForwardedClient
from leadnator_auth.entrypoints.server.listening import listening, place
from leadnator_auth.entrypoints.server.log_lines import stderr_lines
from leadnator_auth.entrypoints.server.logs import configure_logs
from leadnator_auth.entrypoints.server.supervising import supervise
from leadnator_auth.entrypoints.server.wire import protocol_class
from leadnator_auth.entrypoints.settings import PREFIX, Settings
from leadnator_auth.entrypoints.settings.errors import StartError
from leadnator_auth.entrypoints.settings.values import SAFE_BCRYPT_COST
from leadnator_auth.entrypoints.telemetry.event_log import log_events, log_keys
from leadnator_auth.entrypoints.telemetry.metrics import Metrics
from leadnator_auth.entrypoints.telemetry.metrics.recording import publishing
from leadnator_auth.entrypoints.telemetry.metrics.rows import rows_in, shared_folder
from leadnator_auth.entrypoints.telemetry.tracing import require_tracing, tracing_to

STARTUP_DELAY = 0.5
"""How long, in seconds, background work waits after the start, when requests come first."""
GRACEFUL_SHUTDOWN_SECONDS = 20
WORKER_SECONDS = 30
"""For a process of several to begin or to say that it lives: killed sooner, none would ever serve on a busy machine."""

_log = structlog.get_logger(__name__)


def build_app(settings: Settings, metrics: Metrics | None = None) -> Starlette:
    """Returns the application that opens its ports and does the work beside requests for as long as it is served.

    Raises: StartError.
    """
    metrics = metrics or Metrics()
    tracing = tracing_to(settings.otlp_endpoint) if settings.otlp_endpoint else None

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        work = BackgroundWork(STARTUP_DELAY, metrics.delivered, metrics.events_delivered)

        def on_commit(commit: Commit) -> None:
            log_events(commit)
            metrics.count_events(commit.events)
            work.notice(commit)
            app.state.revocations.notice(commit)

        async with (
            publishing(metrics),
            open_ports(settings, on_commit, metrics) as ports,
            work.running(ports),
        ):
            ports.key_ring.on_change = log_keys
            app.state.ports = tracing.traced(ports) if tracing else ports
            yield
        if tracing:
            await tracing.close()

    app = create_app(
        lifespan=lifespan,
        cors_origins=settings.cors_origins,
        public_url=settings.public_url,
        metrics=metrics,
        layers=[tracing.layer] if tracing else [],
    )
    app.state.site = Site(settings.app_name, settings.login_url)
    return app


def app_from_environment(shared_metrics: Path | None = None) -> ASGIApp:
    """Returns the application of one process; with a folder, of one of several, which share their metrics there."""
    settings = Settings.read(os.environ)
    configure_logs(settings.log_format, settings.log_level)
    app = build_app(settings, Metrics(rows_in(shared_metrics), lambda: stderr_lines().lost))
    return ForwardedClient(app, settings.trusted_proxies)


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serves until SIGTERM or SIGINT, then lets running requests finish.

    Raises: StartError.
    """
    if settings.otlp_endpoint:
        require_tracing(settings.otlp_endpoint)  # here, where it can be told in one line, and not in each process
    # Each part of a mail's link must come from us, never from a request.
    public_url = settings.public_url or f"http://127.0.0.1:{port}"
    os.environ[f"{PREFIX}PUBLIC_URL"] = public_url
    options = uvicorn_options(settings) | {"root_path": path_of_url(public_url)}
    with ExitStack() as open_sockets:
        listeners = [open_sockets.enter_context(listener) for listener in listening(host, port)]
        _log_start(settings, host, port)
        if workers > 1:
            has_started = _serve_by_many(workers, listeners, options)
        else:
            server = uvicorn.Server(uvicorn.Config(app_from_environment(), workers=1, **options))
            _stop_politely(server)
            server.run(listeners)
            has_started = server.started
    if not has_started:
        raise StartError("the application could not start; the log says why")


def uvicorn_options(settings: Settings) -> dict[str, Any]:  # of as many types
    """Returns what uvicorn is told; what it is not told it may read from variables of its own."""
    return {
        "log_config": None,
        "access_log": False,  # it would print ?token=
        "server_header": False,
        "proxy_headers": False,  # ForwardedClient reads them
        "forwarded_allow_ips": [],
        "timeout_keep_alive": settings.keep_alive,
        "timeout_graceful_shutdown": GRACEFUL_SHUTDOWN_SECONDS,
        "timeout_worker_healthcheck": WORKER_SECONDS,
        "ws": "none",
        "interface": "asgi3",  # it would take what only hands on a request, and is no coroutine, for ASGI 2
        "http": protocol_class(),
    }


def _serve_by_many(workers: int, listeners: Sequence[socket.socket], options: dict[str, Any]) -> bool:
    """Returns whether the processes could start."""
    with shared_folder() as shared_metrics:
        make_app = partial(app_from_environment, shared_metrics)
        return supervise(uvicorn.Config(make_app, factory=True, workers=workers, **options), listeners)


def _log_start(settings: Settings, host: str, port: int) -> None:
    _log.info("serving", url=f"http://{place(host, port)}", version=__version__)
    if settings.smtp_url is None:
        _log.warning("mails_become_files", folder=str(MAIL_FOLDER.absolute()), cure=f"set {PREFIX}SMTP_URL")
    if settings.bcrypt_cost < SAFE_BCRYPT_COST:
        _log.warning("weak_password_hashes", bcrypt_cost=settings.bcrypt_cost, cure=f"{SAFE_BCRYPT_COST} or more")


def _stop_politely(server: uvicorn.Server) -> None:
    """Makes being stopped a success: uvicorn raises the signal again once it is done, which would look like failure."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        if not server.should_exit:
            sys.exit(0)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
