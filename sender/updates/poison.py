"""One unreadable update must not block all others.

A batch of updates that does not fit aiogram's types fails as a whole, the offset never advances, and polling fetches
the same batch again and again (BOTAPI §7.2). The guard parses such a batch update by update. Of an unreadable message
it keeps the private chat it came from, so that its sender can be told (`sender/updates/intake.py`).

An entry without the number of an update cannot be confirmed by it. It is dropped, and the next update confirms it as
well: Telegram answers with the oldest first.
"""

from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import ClientDecodeError
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import Update
from cachetools import FIFOCache
from pydantic import ValidationError

from monitoring import metrics

if TYPE_CHECKING:
    from aiogram import Bot

#: numbers of updates. Telegram begins above two million (BOTAPI §2.2), and pydantic makes 0 and 1 of false and true.
#: Its server keeps them in 32 bits; a negative offset means "the last so many" there, and deletes all others
ID_MIN, ID_MAX = 2, 2**31 - 1
#: unreadable updates remembered, so that one that comes again is logged and counted once
REMEMBERED_MAX = 1000

log = structlog.get_logger("tollgate.sender")

#: fields of an unreadable update named in the log, at most: its shape, and nothing of what somebody wrote
FIELDS_IN_LOG = 30
#: characters of the name of a field, and of what pydantic says of them
NAME_IN_LOG, REASON_IN_LOG = 40, 1000


class UnreadableUpdate(Update):
    """Stands for a message in a private chat that does not fit aiogram's types."""

    chat_id: int
    #: of the app it was written in
    language_code: str | None = None


class PoisonGuard(BaseRequestMiddleware):
    """Replaces an unreadable update by one without content. As a session middleware: the offset advances."""

    def __init__(self) -> None:
        #: by number, or by content where there is none
        self._known: FIFOCache[int | str, None] = FIFOCache(REMEMBERED_MAX)
        #: entries without a number that came alone, and the offset; and those that were stepped over
        self._alone: tuple[int | None, list[str]] | None = None
        self._passed: list[str] = []

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: "Bot",
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        try:
            # a session middleware's "Response" is the call's result (aiogram `base.py` casts the same way)
            batch: Any = await make_request(bot, method)
        except ClientDecodeError as error:
            batch = _raw_batch(error.data) if isinstance(method, GetUpdates) else None
            if batch is None:
                raise
        if not isinstance(method, GetUpdates):
            return cast(Response[TelegramType], batch)
        if not isinstance(batch, list):
            raise ClientDecodeError("an answer without a list of updates", ValueError("no list"), type(batch).__name__)
        return cast(Response[TelegramType], self._read_all(batch, bot, method.offset))

    def _read_all(self, batch: list[Any], bot: "Bot", offset: int | None) -> list[Update]:
        """Return the updates of an answer, read or not, without the entries that have no number."""
        numbered, strange = _apart(batch)
        if not strange:
            self._passed = []
        else:
            self._report_unnumbered(strange, bot)
            if not numbered:
                return [self._step_over(strange, offset)]
        return [entry if isinstance(entry, Update) else self.read(entry, bot) for entry in numbered]

    def _step_over(self, strange: list[Any], offset: int | None) -> Update:
        """Return what makes the next offset pass these entries, which came alone for the second time.

        They are the oldest that Telegram keeps, so that each stands for one number at least. Raises ClientDecodeError,
        after which aiogram pauses: at the first time, when no offset is known, and when they came again nevertheless.
        Then an offset would pass updates that are still to come; the next of these passes them.
        """
        seen = (offset, [_content_of(entry) for entry in strange])
        if offset is None or not 0 < offset <= ID_MAX or seen != self._alone or seen[1] == self._passed:
            self._alone = seen
            raise ClientDecodeError("updates without a number", ValueError("no update_id"), f"{len(strange)} of them")
        self._passed = seen[1]
        return Update(update_id=offset + len(strange) - 1)

    def read(self, raw: dict[str, Any], bot: "Bot") -> Update:
        """Return an update, whose `update_id` is a whole number, or what stands for it when it cannot be read."""
        try:
            return Update.model_validate(raw, context={"bot": bot})
        except ValidationError as error:
            self._report(raw, bot, error)
        chat_id = _private_sender(raw)
        if chat_id is None:
            return Update(update_id=raw["update_id"])
        fields = {"update_id": raw["update_id"], "chat_id": chat_id, "language_code": _language(raw["message"]["from"])}
        return UnreadableUpdate.model_validate(fields, context={"bot": bot})

    def _report(self, raw: dict[str, Any], bot: "Bot", error: ValidationError) -> None:
        """Log and count an unreadable update, once."""
        if raw["update_id"] in self._known:
            return
        self._known[raw["update_id"]] = None
        metrics.UPDATES_POISON.labels(str(bot.id)).inc()
        log.error(
            "update.poison",
            bot_id=bot.id,
            update_id=raw["update_id"],
            reason=str(error.errors(include_input=False, include_url=False)[:3])[:REASON_IN_LOG],
            fields=_fields(raw),
        )

    def _report_unnumbered(self, strange: list[Any], bot: "Bot") -> None:
        """Log and count the entries without a number that have not come before: one line for an answer."""
        fresh = [entry for entry in strange if _content_of(entry) not in self._known]
        if not fresh:
            return
        for entry in fresh:
            self._known[_content_of(entry)] = None
        metrics.UPDATES_POISON.labels(str(bot.id)).inc(len(fresh))
        log.error("update.unnumbered", bot_id=bot.id, count=len(fresh), fields=_fields(fresh[0]))


def _fields(raw: Any) -> list[str]:
    """Return the names of an update's fields, and below each those of what it holds; else the name of its type."""
    if isinstance(raw, Update):
        return sorted(raw.model_fields_set)
    if not isinstance(raw, dict):
        return [type(raw).__name__]
    names = [
        f"{name}.{inner}" for name, found in raw.items() for inner in (found if isinstance(found, dict) else ("",))
    ]
    return [name.rstrip(".")[:NAME_IN_LOG] for name in names[:FIELDS_IN_LOG]]


def _raw_batch(answer: Any) -> list[Any] | None:
    """Return the entries of a successful getUpdates as parsed JSON; None when `answer` is anything else."""
    if not isinstance(answer, dict) or answer.get("ok") is not True or not isinstance(answer.get("result"), list):
        return None
    batch: list[Any] = answer["result"]
    return batch


def _apart(batch: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the entries with a number that can confirm them, none below the one before, and the others."""
    numbered: list[Any] = []
    strange: list[Any] = []
    last = -1
    for entry in batch:
        number = _number_of(entry)
        if number is None or number < last:
            strange.append(entry)
        else:
            numbered.append(entry)
            last = number
    return numbered, strange


def _content_of(entry: Any) -> str:
    """Return what tells entries without a number apart; the entries themselves may be large."""
    return sha256(repr(entry).encode("utf-8", "backslashreplace")).hexdigest()


def _number_of(entry: Any) -> int | None:
    """Return the number that confirms an entry of an answer; None when it has none that can."""
    found = (
        entry.update_id if isinstance(entry, Update) else entry.get("update_id") if isinstance(entry, dict) else None
    )
    return found if type(found) is int and ID_MIN <= found <= ID_MAX else None


def _private_sender(raw: dict[str, Any]) -> int | None:
    """Return the private chat whose person wrote the message of this update; None for anything else."""
    message = raw.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("from"), dict):
        return None
    chat = message.get("chat")
    if not isinstance(chat, dict) or chat.get("type") != "private":
        return None
    chat_id = chat.get("id")
    return chat_id if type(chat_id) is int and chat_id > 0 else None


def _language(sender: dict[str, Any]) -> str | None:
    code = sender.get("language_code")
    return code if isinstance(code, str) else None
