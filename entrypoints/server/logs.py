"""Logs: one event a line on stderr, as text for people or as JSON for programs."""

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

Event = MutableMapping[str, Any]  # structlog's own type for what its processors pass on


def configure_logs(log_format: str | None, log_level: str) -> None:
    """Sends what this program and its libraries log to stderr; without a format, a terminal gets text.

    Our own events do not pass through the standard library's loggers, which would double the cost of an access log.
    """
    is_text = log_format == "text" or (log_format is None and sys.stderr.isatty())
    shared: list[Processor] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    rendering = _rendering(is_text)
    structlog.configure(
        processors=[*shared, *rendering],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(log_level),
        cache_logger_on_first_use=True,
    )
    foreign: list[Processor] = [*shared, structlog.stdlib.ExtraAdder(), _without_colors]
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=[remove_meta, *rendering])
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(log_level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _rendering(is_text: bool) -> list[Processor]:
    if is_text:
        console = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
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
    """Keeps an event on its line and off the terminal's controls, whatever a client put into a path or a header."""
    return {key: _escaped(value) if isinstance(value, str) else value for key, value in event.items()}


def _escaped(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
