"""What an answer says about the effect of a call: decided by the kind of call and the answer together.

The Bot API server reports one message of several that failed by its own error, although its neighbours were sent, and
answers "500 restart" to sends it had already passed on (tdlib/telegram-bot-api `Client.cpp`: on_message_send_failed,
on_closed, fail_query_closing).
"""

import re
import socket
from enum import StrEnum

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError, ConnectionTimeoutError

from sender.failures import classify
from sender.refusals import Failure


class Effect(StrEnum):
    """What a second, identical call would do. A closed list."""

    #: nothing: get…
    READ = "read"
    #: nothing more than the first: delete…, edit…, pin, unpin, set…, answer…, approve, decline, sendChatAction
    REPEATABLE = "repeatable"
    #: make another message or link: send…, copyMessage, forwardMessage, createChatInviteLink
    CREATES_ONE = "creates_one"
    #: make several other messages: copyMessages, forwardMessages, sendMediaGroup
    CREATES_SEVERAL = "creates_several"


class Certainty(StrEnum):
    """What is known of a call's effect. A closed list."""

    #: it has happened
    DONE = "done"
    #: fewer messages were made than asked for
    INCOMPLETE = "incomplete"
    #: nothing has happened, and the same call would be refused again
    REFUSED = "refused"
    #: nothing has happened, or a second time changes nothing: the call may be made again, after a wait if one is asked
    REPEAT = "repeat"
    #: it may have happened, in part or whole: never repeated, never charged
    UNKNOWN = "unknown"


_CREATES_SEVERAL = frozenset({"copyMessages", "forwardMessages", "sendMediaGroup"})
#: a method of an unknown name is taken for one that creates: it is not repeated
_REPEATABLE = ("delete", "edit", "pin", "unpin", "set", "answer", "approve", "decline", "sendChatAction", "close")

#: raised before a byte of the request has left this machine
_NEVER_CONNECTED = (ClientConnectorError, ConnectionTimeoutError, ConnectionRefusedError, socket.gaierror)
#: the file to upload cannot be read
_UNREADABLE_FILE = (FileNotFoundError, PermissionError, IsADirectoryError)
#: one of several failed; which of the others were sent is not said
_ONE_OF_SEVERAL = re.compile(r"^(bad request: )?(failed to send message #\d+ |group send failed)", re.IGNORECASE)


def effect_of(method: str) -> Effect:
    """Return the effect of the Bot API method `method`, as in `sendMessage`."""
    if method in _CREATES_SEVERAL:
        return Effect.CREATES_SEVERAL
    if method.startswith("get"):
        return Effect.READ
    return Effect.REPEATABLE if method.startswith(_REPEATABLE) else Effect.CREATES_ONE


def certainty_of(effect: Effect, error: BaseException) -> Certainty:
    """Return what is known of a call with this effect that raised `error`. Never raises.

    An error neither of Telegram nor of the network is taken for a lost answer.
    """
    creates = effect in (Effect.CREATES_ONE, Effect.CREATES_SEVERAL)
    if isinstance(error, TelegramNetworkError) and not isinstance(error, TelegramEntityTooLarge):
        error = error.__cause__ or OSError()
    if isinstance(error, _NEVER_CONNECTED):
        return Certainty.REPEAT
    if isinstance(error, _UNREADABLE_FILE):
        return Certainty.REFUSED
    if classify(error) is Failure.FLOOD and not _ONE_OF_SEVERAL.match(str(getattr(error, "message", ""))):
        return Certainty.UNKNOWN if effect is Effect.CREATES_SEVERAL else Certainty.REPEAT
    if not isinstance(error, TelegramAPIError | ClientDecodeError) or isinstance(
        error, TelegramServerError | ClientDecodeError
    ):
        return Certainty.UNKNOWN if creates else Certainty.REPEAT
    if effect is Effect.CREATES_SEVERAL and _may_be_of_one(error):
        return Certainty.UNKNOWN
    return Certainty.REFUSED


def _may_be_of_one(error: BaseException) -> bool:
    """Whether a refusal may concern one message of several: 401, 406, or a text that says so."""
    if isinstance(error, TelegramUnauthorizedError) or type(error) is TelegramAPIError:
        # aiogram has no class for 406 (BOTAPI §1.5)
        return True
    if isinstance(error, TelegramMigrateToChat):
        return False
    return isinstance(error, TelegramBadRequest) and _ONE_OF_SEVERAL.match(error.message) is not None


def certainty_of_count(asked: int, made: int) -> Certainty:
    """Return what a readable answer says about a call that was to make `asked` messages and names `made`."""
    return Certainty.DONE if made >= asked else Certainty.INCOMPLETE
