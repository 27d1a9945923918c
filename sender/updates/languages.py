"""The language of what is said before and after an update's handlers: what its sender chose, else that of their app."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject, Update, User

from sender.updates.acknowledgement import Handler
from sender.updates.poison import UnreadableUpdate

_KEY = "senders_language"


class SendersLanguage:
    """The languages of one update's sender. `data` is copied on its way to the handlers; this object is not."""

    def __init__(self, of_app: str | None) -> None:
        self._of_app = of_app
        #: of the stored person, once that was read
        self.chosen: str | None = None

    @property
    def codes(self) -> tuple[str | None, ...]:
        """The codes to look for, the best one first."""
        return self.chosen, self._of_app


class SpeakSendersLanguage(BaseMiddleware):
    """Updates and errors are handled inside `speaking`, called with the codes of the sender's languages.

    To be registered before other middlewares of updates, and again for errors: they are answered outside of those.
    """

    def __init__(self, speaking: Callable[..., AbstractContextManager[None]]) -> None:
        self._speaking = speaking

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if isinstance(event, Update):
            data[_KEY] = SendersLanguage(_of_app(event, data))
        known = data.get(_KEY)
        with self._speaking(*(known.codes if isinstance(known, SendersLanguage) else ())):
            return await handler(event, data)


def answer_in(data: dict[str, Any], code: str) -> None:
    """Tell the sender of this update in a language when its handler fails. Does nothing outside of `Speak…`."""
    known = data.get(_KEY)
    if isinstance(known, SendersLanguage):
        known.chosen = code


def _of_app(update: Update, data: dict[str, Any]) -> str | None:
    if isinstance(update, UnreadableUpdate):
        return update.language_code
    user = data.get("event_from_user")
    return user.language_code if isinstance(user, User) else None
