"""Logs: one event per line on stderr, as text for people or as JSON for programs."""

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog
from structlog.typing import Processor

from leadnator_auth.entrypoints.server.log_lines import STDERR, LogLines, stderr_lines

Event = MutableMapping[str, Any]  # structlog's own type for what its processors pass on


def configure_logs(log_format: str | None, log_level: str) -> None:
    """Sends everything that this program and its libraries log to stderr; without a format, a terminal gets text.

    Logging neither waits nor fails, whoever reads the log and whatever is logged.

    Our own events do not pass through the standard library's loggers, which would double the cost of an access log.
    """
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    is_text = log_format == "text" or (log_format is None and is_terminal)
    stream = _stream()
    shared: list[Processor] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    rendering = _rendering(is_text, is_terminal)
    structlog.configure(
        processors=[*shared, *rendering],
        logger_factory=structlog.WriteLoggerFactory(stream),
        wrapper_class=structlog.make_filtering_bound_logger(log_level),
        cache_logger_on_first_use=True,
    )
    foreign: list[Processor] = [*shared, structlog.stdlib.ExtraAdder(), _without_colors]
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = StderrHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=[remove_meta, *rendering])
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(log_level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)


class StderrHandler(logging.StreamHandler[TextIO]):
    """Passes on what libraries log; a record that cannot be formatted is dropped, without a message on stderr."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (its name is not ours)
        if isinstance(self.stream, LogLines):
            self.stream.lose()


def _stream() -> TextIO:
    """Returns the stream for all lines; one that is not a file or pipe of the system takes each line at once."""
    if sys.stderr is None:
        return cast(TextIO, stderr_lines())
    try:
        is_file = sys.stderr.fileno() == STDERR
    except OSError:
        is_file = False
    # Loggers use two of a stream's methods.
    return cast(TextIO, stderr_lines()) if is_file else sys.stderr


def _rendering(is_text: bool, is_terminal: bool) -> list[Processor]:
    if is_text:
        console = structlog.dev.ConsoleRenderer(colors=is_terminal, exception_formatter=structlog.dev.plain_traceback)
        return [_escape_controls, console]
    encoder = json.JSONEncoder(sort_keys=True, default=str)
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=lambda event, **_: encoder.encode(event)),
    ]


def _without_colors(_: object, __: str, event: Event) -> Event:
    """Drops uvicorn's second copy of each message, which is for its own console."""
    event.pop("color_message", None)
    return event


def _escape_controls(_: object, __: str, event: Event) -> Event:
    """Keeps an event on one line and free of terminal controls, whatever a client put into a path or a header."""
    return {key: _escaped(value) if isinstance(value, str) else value for key, value in event.items()}


def _escaped(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
