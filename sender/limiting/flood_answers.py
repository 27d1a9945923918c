"""429 answers that aiogram does not raise as TelegramRetryAfter: without a number, with 0, with text in its place."""

from typing import Any, Final

from aiogram.exceptions import ClientDecodeError, TelegramAPIError, TelegramRetryAfter
from aiogram.methods import TelegramMethod

from sender.refusals import Failure, failure_of_text, retry_after_of_text

TOO_MANY_REQUESTS: Final = 429
#: seconds to wait after a 429 that names no number; the Bot API server itself says 5 for a call it drops (`Query.h`)
DEFAULT_WAIT_S: Final = 5
#: the longest wait that is believed, in seconds: a month
LONGEST_WAIT_S: Final = 30 * 86_400
#: the text of a 429 that has none
NO_TEXT: Final = "Too Many Requests"


def flood_in(error: BaseException, method: TelegramMethod[Any]) -> TelegramRetryAfter | None:
    """Return the TelegramRetryAfter that says what a badly formed 429 said; None when `error` is no such answer."""
    if isinstance(error, ClientDecodeError):
        text = _text_of(error.data)
    elif type(error) is TelegramAPIError:
        # the Bot API server gives every other answer a text
        text = error.message or NO_TEXT
        text = text if failure_of_text(text) is Failure.FLOOD else None
    else:
        return None
    if text is None:
        return None
    asked_s = retry_after_of_text(text)
    seconds = DEFAULT_WAIT_S if asked_s is None else int(min(asked_s, LONGEST_WAIT_S))
    return TelegramRetryAfter(method=method, message=text, retry_after=seconds)


def _text_of(answer: Any) -> str | None:
    """Return the description of a 429 in an answer aiogram could not read; None when it is no 429."""
    if not isinstance(answer, dict) or answer.get("error_code") != TOO_MANY_REQUESTS:
        return None
    description = answer.get("description")
    return description if isinstance(description, str) else NO_TEXT
