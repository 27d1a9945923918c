"""Classify a failed call to Telegram, whatever exception it was raised as."""

import socket
from typing import Final

from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError, ClientError

from sender.refusals import Failure, failure_of_text, retry_after_of_text

#: what a caller catches around a call to Telegram
TELEGRAM_ERRORS: Final[tuple[type[BaseException], ...]] = (AiogramError, ClientError, OSError, TimeoutError)

#: the message of the TelegramServerError that `SendLimiter` raises for a 5xx without one (BOTAPI §1.5)
NO_DESCRIPTION: Final = "Internal Server Error: no description"

#: raised before anything left this machine
_NOT_SENT = (ClientConnectorError, ConnectionRefusedError, socket.gaierror)
#: the file to upload cannot be read
_UNREADABLE_FILE = (FileNotFoundError, PermissionError, IsADirectoryError)

#: exceptions whose class decides; the order matters (subclasses first)
_BY_CLASS: tuple[tuple[type[BaseException], Failure], ...] = (
    (TelegramRetryAfter, Failure.FLOOD),
    (TelegramMigrateToChat, Failure.MIGRATED),
    (TelegramUnauthorizedError, Failure.UNAUTHORIZED),
    (TelegramConflictError, Failure.CONFLICT),
    (TelegramEntityTooLarge, Failure.CONTENT),
    (ClientDecodeError, Failure.AMBIGUOUS),
)


def classify(error: BaseException) -> Failure:
    """Return why the call failed; OTHER for errors neither of Telegram nor of the network. Never raises."""
    for kind, failure in _BY_CLASS:
        if isinstance(error, kind):
            return failure
    if isinstance(error, TelegramNetworkError):
        return Failure.TRANSIENT if isinstance(error.__cause__, _NOT_SENT) else Failure.AMBIGUOUS
    if isinstance(error, TelegramServerError):
        return _of_server_error(error)
    if isinstance(error, TelegramAPIError):
        return failure_of_text(error.message)
    return _of_foreign_error(error)


def retry_after(error: BaseException) -> float | None:
    """Return the seconds Telegram asks to wait; None when the error is not flood control."""
    if isinstance(error, TelegramRetryAfter):
        return float(error.retry_after)
    if isinstance(error, TelegramAPIError):
        return retry_after_of_text(error.message)
    return None


def _of_server_error(error: TelegramServerError) -> Failure:
    if error.message == NO_DESCRIPTION or failure_of_text(error.message) is Failure.AMBIGUOUS:
        return Failure.AMBIGUOUS
    return Failure.TRANSIENT


def _of_foreign_error(error: BaseException) -> Failure:
    if isinstance(error, _NOT_SENT):
        return Failure.TRANSIENT
    if isinstance(error, _UNREADABLE_FILE):
        return Failure.CONTENT
    if isinstance(error, (ClientError, OSError, TimeoutError)) or is_missing_description(error):
        return Failure.AMBIGUOUS
    return Failure.OTHER


def is_missing_description(error: BaseException) -> bool:
    """True for the TypeError aiogram raises on a 5xx without a description (`"restart" in None`)."""
    return isinstance(error, TypeError) and "NoneType" in str(error) and "iterable" in str(error)
