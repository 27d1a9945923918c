"""Error texts of Telegram's that nobody knows: each is reported once."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from aiogram.exceptions import TelegramAPIError
from cachetools import TTLCache

from core.clock import Clock, SystemClock
from sender.failures import text_of
from sender.limiting.limits import ChatKey

#: longest text that is reported, in characters
TEXT_MAX = 200
#: seconds after which a text is reported again, in case the first report reached nobody
REMEMBERED_S = 3600.0
#: texts remembered at once; while so many are, another one is not reported
REMEMBERED_MAX = 10

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class UnknownRefusal:
    """An error text nobody knows, and the call it answered."""

    #: the Bot API name, as in `sendMessage`
    method: str
    #: "private chat", "group or channel" or "no chat"
    chat: str
    #: Telegram's words, cut to TEXT_MAX; not masked, not escaped
    text: str

    @property
    def fingerprint(self) -> str:
        """Identify the method and the text, whatever the numbers in it."""
        words = f"{self.method} {_NUMBER.sub('#', self.text)}"
        return hashlib.sha256(words.encode()).hexdigest()[:12]


class UnknownRefusals:
    """Reports the texts of one bot's calls. Bounded: REMEMBERED_MAX different texts in REMEMBERED_S seconds."""

    def __init__(self, clock: Clock | None = None) -> None:
        #: called with each new text; must be cheap and raise nothing
        self.on_new: Callable[[UnknownRefusal], None] | None = None
        timer = (clock or SystemClock()).monotonic
        self._seen: TTLCache[str, None] = TTLCache(REMEMBERED_MAX, REMEMBERED_S, timer=timer)

    def note(self, method: str, chat: ChatKey | None, error: BaseException) -> None:
        """Report the text of `error`, unless it is known by now or not Telegram's."""
        if self.on_new is None or not isinstance(error, TelegramAPIError):
            return
        refusal = UnknownRefusal(method, _kind_of(chat), " ".join(text_of(error).split())[:TEXT_MAX])
        self._seen.expire()
        if refusal.fingerprint in self._seen or len(self._seen) >= REMEMBERED_MAX:
            return
        self._seen[refusal.fingerprint] = None
        self.on_new(refusal)


def _kind_of(chat: ChatKey | None) -> str:
    if chat is None:
        return "no chat"
    return "private chat" if isinstance(chat, int) and chat > 0 else "group or channel"
