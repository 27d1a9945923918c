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
from aiohttp import ClientConnectorError, ClientError, ConnectionTimeoutError

from sender.refusals import Failure, failure_of_text, retry_after_of_text

#: what a caller catches around a call to Telegram
TELEGRAM_ERRORS: Final[tuple[type[BaseException], ...]] = (AiogramError, ClientError, OSError, TimeoutError)

#: the message of the TelegramServerError that `SendLimiter` raises for a 5xx without one (BOTAPI §1.5)
NO_DESCRIPTION: Final = "Internal Server Error: no description"

#: raised before a byte of the request has left this machine
NEVER_CONNECTED: Final = (ClientConnectorError, ConnectionTimeoutError, ConnectionRefusedError, socket.gaierror)
#: the file to upload cannot be read
UNREADABLE_FILE: Final = (FileNotFoundError, PermissionError, IsADirectoryError)


class HeldBack(TelegramRetryAfter):
    """`SendLimiter` did not make the call: Telegram had asked to wait before, for longer than the call may wait."""


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
        return Failure.TRANSIENT if isinstance(error.__cause__, NEVER_CONNECTED) else Failure.AMBIGUOUS
    if isinstance(error, TelegramServerError):
        return Failure.AMBIGUOUS
    if isinstance(error, TelegramAPIError):
        return failure_of_text(text_of(error))
    return _of_foreign_error(error)


def text_of(error: BaseException) -> str:
    """Return Telegram's description; "" when there is none, or the error is not Telegram's."""
    return (error.message or "") if isinstance(error, TelegramAPIError) else ""


def retry_after(error: BaseException) -> float | None:
    """Return the seconds Telegram asks to wait; None when the error is not flood control."""
    if isinstance(error, TelegramRetryAfter):
        return float(error.retry_after)
    if isinstance(error, TelegramAPIError):
        return retry_after_of_text(text_of(error))
    return None


def _of_foreign_error(error: BaseException) -> Failure:
    if isinstance(error, NEVER_CONNECTED):
        return Failure.TRANSIENT
    if isinstance(error, UNREADABLE_FILE):
        return Failure.CONTENT
    if isinstance(error, (ClientError, OSError, TimeoutError)) or is_missing_description(error):
        return Failure.AMBIGUOUS
    return Failure.OTHER


def is_missing_description(error: BaseException) -> bool:
    """True for the TypeError aiogram raises on a 5xx without a description (`"restart" in None`)."""
    return isinstance(error, TypeError) and "NoneType" in str(error) and "iterable" in str(error)
