"""Logs: an action and its data, as text or JSON, secrets masked."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.types import EventDict, Processor

#: what a bot token looks like, wherever it turns up (in a URL of an error text, say)
_BOT_TOKEN = re.compile(r"(?<!\d)(\d{3,}):[A-Za-z0-9_-]{6,}")
#: user and password of a connection string
_CREDENTIALS = re.compile(r"(mongodb(?:\+srv)?://)[^@/\s]+@")


def mask(text: str) -> str:
    """`text` without bot tokens and database credentials."""
    return _CREDENTIALS.sub(r"\1***@", _BOT_TOKEN.sub(r"\1:***", text))


def _mask_values(_: Any, __: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask(value)
    return event


def configure(level: str, form: str) -> None:
    """Set up structlog and the standard library's logging for this process; call it once, from a main."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = form == "json"
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _mask_values,
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for talkative in ("apscheduler", "aiogram.event", "pymongo"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
