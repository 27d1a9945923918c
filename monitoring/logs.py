"""Logging: an action and its data, as text or JSON, with secrets masked in every value."""

import logging
import re
import sys
import traceback
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import structlog
from structlog.types import EventDict, Processor

#: a bot token, also inside a longer text such as the URL in an error
_BOT_TOKEN = re.compile(r"(?<!\d)(\d{3,}):[A-Za-z0-9_-]{6,}")
#: user and password of a connection string
_CREDENTIALS = re.compile(r"(mongodb(?:\+srv)?://)[^@/\s]+@")
#: a signed session: three parts, the first two of which are JSON in base64
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?")
#: a Mini App's initData: as one value in an address, and the signatures among its fields
_INIT_DATA = re.compile(r"(tgWebAppData(?:=|%3D))[^&\s'\"]+", re.IGNORECASE)
_SIGNATURE = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=%26))((?:hash|signature)(?:=|%3D))[A-Za-z0-9_-]{16,}", re.IGNORECASE)
#: a one-time link to the admin page
_LOGIN_LINK = re.compile(r"(/admin#)[A-Za-z0-9]{16,}")
#: the link that makes the first owner
_CLAIM = re.compile(r"(\bown_)[A-Za-z0-9]{16,}")
#: the value under a key that contains one of these words is a secret
_SECRET_WORDS = frozenset(
    {"token", "tokens", "password", "secret", "secrets", "uri", "authorization", "cookie", "initdata", "jwt"}
)
#: characters of a library's warning, and of a line of those that repeat what Telegram answered
WARNING_MAX = LINE_MAX = 200
#: characters in which secrets are looked for before such a line is cut: a secret that is cut first may show
_LOOKED_AT = 4096
#: "Failed to fetch updates" holds the whole of an answer that cannot be parsed
_REPEATS_ANSWERS = "aiogram.dispatcher"
#: data nested deeper is logged as one masked text
_DEPTH_MAX = 6


#: secret texts of this process (`hide`)
_hidden: list[str] = []


def hide(secret: str) -> None:
    """Mask this exact text in every log line from now on; an empty one is ignored."""
    if secret and secret not in _hidden:
        _hidden.append(secret)


def mask(text: str) -> str:
    """Replace bot tokens, database credentials, sessions, initData signatures and hidden texts in `text` by `***`."""
    for secret in _hidden:
        text = text.replace(secret, "***")
    text = _CREDENTIALS.sub(r"\1***@", _BOT_TOKEN.sub(r"\1:***", text))
    for pattern in (_INIT_DATA, _SIGNATURE, _LOGIN_LINK, _CLAIM):
        text = pattern.sub(r"\1***", text)
    return _JWT.sub("eyJ***", text)


def _masked(value: Any, depth: int = 0) -> Any:
    """`value` for a log line: numbers unchanged, containers with masked values, everything else as masked text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, BaseException) or depth > _DEPTH_MAX:
        return mask(repr(value))
    if isinstance(value, Mapping):
        return {mask(str(key)): _masked_under(str(key), inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(inner, depth + 1) for inner in value]
    return mask(str(value))


def _masked_under(key: str, value: Any, depth: int = 0) -> Any:
    # a number or None under such a key is a count or "not set", no secret
    names_secret = not _SECRET_WORDS.isdisjoint(key.lower().split("_"))
    if names_secret and value is not None and not isinstance(value, bool | int | float | Mapping):
        return "***"
    return _masked(value, depth)


def _mask_values(_: Any, __: str, event: EventDict) -> EventDict:
    return {key: _masked_under(key, value) for key, value in event.items()}


def show_masked(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write an uncaught exception to standard error, masked; for `sys.excepthook`."""
    sys.stderr.write(mask("".join(traceback.format_exception(kind, error, trace))))


def _log_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object, **__: object
) -> None:
    """Log the first line of a library's warning: aiogram's of an unknown update holds all of it."""
    first = str(message).partition("\n")[0][:WARNING_MAX]
    logging.getLogger("py.warnings").warning("%s: %s", category.__name__, first)


def _cut(record: logging.LogRecord) -> bool:
    """Leave of a line its first characters, masked, as one line; a filter of a logger."""
    text = record.getMessage()
    if len(text) > LINE_MAX:
        shown = mask(" ".join(text[:_LOOKED_AT].split()))
        record.msg, record.args = f"{shown[:LINE_MAX]}… ({len(text)} characters)", None
    return True


def configure(level: str, form: str) -> None:
    """Configure structlog and the standard library's logging for this process. Called once, by a main."""
    sys.excepthook = show_masked
    warnings.showwarning = _log_warning
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
    # core and database log through the standard library, with their data in `extra`
    foreign: list[Processor] = [*shared, structlog.stdlib.ExtraAdder()]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger(_REPEATS_ANSWERS).addFilter(_cut)
    for talkative in ("apscheduler", "aiogram.event", "pymongo"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
