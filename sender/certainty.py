"""What an answer says about the effect of a call: decided by the kind of call and the answer together.

The Bot API server reports one message of several that failed by its own error, although its neighbours were sent, and
answers "500 restart" to sends it had already passed on (tdlib/telegram-bot-api `Client.cpp`: on_message_send_failed,
on_closed, fail_query_closing).
"""

import re
from enum import StrEnum

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from sender.failures import NEVER_CONNECTED, UNREADABLE_FILE, HeldBack, classify, text_of
from sender.refusals import Failure, number_of_several


class Effect(StrEnum):
    """What a second, identical call would do. A closed list."""

    #: nothing: get…
    READ = "read"
    #: nothing more than the first: delete…, edit…, pin, unpin, set…, answer…, approve, decline, revoke, sendChatAction
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
_REPEATABLE = (
    "delete",
    "edit",
    "pin",
    "unpin",
    "set",
    "answer",
    "approve",
    "decline",
    "revoke",
    "sendChatAction",
    "close",
)

#: the album as a whole failed; which of its messages were sent is not said
_GROUP_FAILED = re.compile(r"^(bad request: )?group send failed", re.IGNORECASE)
#: a code of Telegram's servers as the whole text. The Bot API server passes on a 406 of one message as a 400 with its
#: bare code (`Client.cpp`, fail_query_with_error); the refusals it makes itself before it sends are sentences
_BARE_CODE = re.compile(r"^Bad Request: [A-Z][A-Z0-9_]+$")


def effect_of(method: str, count: int = 2) -> Effect:
    """Return the effect of the Bot API method `method`, as in `sendMessage`.

    `count`: the messages asked for, by methods that make several; of one alone the answer is certain.
    """
    if method in _CREATES_SEVERAL:
        return Effect.CREATES_ONE if count == 1 else Effect.CREATES_SEVERAL
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
    if isinstance(error, (*NEVER_CONNECTED, HeldBack)):
        return Certainty.REPEAT
    if isinstance(error, UNREADABLE_FILE):
        return Certainty.REFUSED
    if classify(error) is Failure.FLOOD:
        return Certainty.UNKNOWN if effect is Effect.CREATES_SEVERAL else Certainty.REPEAT
    if not isinstance(error, TelegramAPIError | ClientDecodeError) or isinstance(
        error, TelegramServerError | ClientDecodeError
    ):
        return Certainty.UNKNOWN if creates else Certainty.REPEAT
    if effect is Effect.CREATES_SEVERAL and _may_be_of_one(error):
        return Certainty.UNKNOWN
    return Certainty.REFUSED


def _may_be_of_one(error: BaseException) -> bool:
    """Whether a refusal may concern one message of several while others were sent."""
    if isinstance(error, TelegramUnauthorizedError) or type(error) is TelegramAPIError:
        # 401 and 406; aiogram has no class for 406 (BOTAPI §1.5)
        return True
    if isinstance(error, TelegramMigrateToChat):
        return False
    number = number_of_several(text_of(error))
    if isinstance(error, TelegramForbiddenError):
        # the person refuses all of them: only what was sent before the first refusal can be there
        return number is not None and number > 1
    if not isinstance(error, TelegramBadRequest):
        return False
    if number is not None or _GROUP_FAILED.match(text_of(error)):
        return True
    return classify(error) is Failure.OTHER and _BARE_CODE.match(text_of(error)) is not None
