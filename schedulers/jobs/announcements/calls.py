"""The calls about one announcement, each with what its answer means. Made by the admin bot; writes nothing."""

from dataclasses import dataclass
from typing import Any

from aiogram import Bot
from aiogram.enums import ParseMode
from aiogram.methods import (
    CopyMessage,
    DeleteMessage,
    EditMessageCaption,
    EditMessageMedia,
    EditMessageReplyMarkup,
    EditMessageText,
    PinChatMessage,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import Message, MessageId

from core.announcements import Announcement, CoverMessage, EditKind
from monitoring.logs import mask
from schedulers.jobs.announcements.cover_media import CoverMedia, NotAPicture
from sender.certainty import Certainty, Effect, certainty_of
from sender.failures import TELEGRAM_ERRORS, classify, retry_after, text_of
from sender.lanes import Lane, in_lane
from sender.refusals import Failure
from views.publishing import announcement_texts as texts

#: longest kept error text, in characters
ERROR_MAX = 300
#: seconds until a call that did not reach Telegram, or found it in trouble, is made again
BACKOFF_S = 5.0
#: seconds until a call is made again when Telegram refuses the bot's token
STOPPED_S = 60.0


@dataclass(frozen=True, slots=True)
class Done:
    """It has happened. `message_id`: of what was sent; of an edit None."""

    message_id: int | None = None
    #: the picture the message shows after an edit
    cover: CoverMessage | None = None
    #: what could not be done of it
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The message is not in the channel: somebody has deleted it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing has happened, and the same call would be refused again."""

    error: str
    #: Telegram does not delete it: too old
    is_undeletable: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened."""

    error: str


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing has happened, or a second time changes nothing: to be tried again after so many seconds."""

    pause_s: float
    error: str
    #: Telegram refuses the bot's token
    stops_run: bool = False


Outcome = Done | Gone | Refused | Unknown | Later


class AnnouncementCalls:
    """Makes the calls of one bot. Telegram's and network errors become outcomes."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._media = CoverMedia(bot)

    async def publish(self, one: Announcement) -> Outcome:
        """Send it to its channel: a copy of its cover with its text, or a text. Never made twice by itself."""
        with in_lane(Lane.INTERACTIVE if one.is_now else Lane.BULK):
            try:
                sent: Message | MessageId = await self._bot(_sending(one))
            except TELEGRAM_ERRORS as error:
                return outcome_of(error, Effect.CREATES_ONE)
        # 0: Telegram has scheduled the message by itself (BOTAPI §2.5)
        return Done(sent.message_id) if sent.message_id else Unknown(texts.NO_ID)

    async def edit(self, one: Announcement, url: str) -> Outcome:
        """Make the message show the announcement, with this link. Twice is once."""
        try:
            with in_lane(Lane.BULK):
                edited = await self._repeatable(await self._editing(one, url))
        except NotAPicture:
            return Refused(texts.NOT_A_PICTURE)
        except TELEGRAM_ERRORS as error:
            # the file of the cover was not to be had
            return outcome_of(error, Effect.REPEATABLE)
        if not isinstance(edited, Done):
            return edited
        stays = one.edit is EditKind.CONTENT and one.cover is None and one.shown_cover is not None
        return Done(cover=_cover_after(one), error=texts.PICTURE_STAYS if stays else None)

    async def _editing(self, one: Announcement, url: str) -> TelegramMethod[Any]:
        place: dict[str, Any] = {"chat_id": one.chat_id, "message_id": one.message_id}
        place["reply_markup"] = texts.below_announcement(one.label, url)
        if one.edit is not EditKind.CONTENT:
            return EditMessageReplyMarkup(**place)
        if one.shown_cover is None and one.cover is None:
            return EditMessageText(text=one.text, parse_mode=ParseMode.HTML, **place)
        if one.cover is None or one.cover == one.shown_cover:
            return EditMessageCaption(caption=one.text, parse_mode=ParseMode.HTML, **place)
        return EditMessageMedia(media=await self._media.of(one.cover, one.text), **place)

    async def pin(self, one: Announcement) -> Outcome:
        """Pin it without a sound. Twice is once."""
        with in_lane(Lane.BULK):
            return await self._repeatable(PinChatMessage(**_place(one), disable_notification=True))

    async def delete(self, one: Announcement, *, is_urgent: bool) -> Outcome:
        """Delete it. Twice is once."""
        with in_lane(Lane.DELETION, urgent=is_urgent):
            return await self._repeatable(DeleteMessage(**_place(one)))

    async def empty(self, one: Announcement) -> Outcome:
        """Take its text and its button away; a picture stays. Twice is once."""
        emptying: TelegramMethod[Any] = EditMessageCaption(**_place(one))
        if one.shown_cover is None:
            emptying = EditMessageText(text=texts.EMPTIED, **_place(one))
        with in_lane(Lane.DELETION):
            return await self._repeatable(emptying)

    async def _repeatable(self, method: TelegramMethod[Any]) -> Outcome:
        try:
            await self._bot(method)
        except TELEGRAM_ERRORS as error:
            return outcome_of(error, Effect.REPEATABLE)
        return Done()


def _place(one: Announcement) -> dict[str, Any]:
    return {"chat_id": one.chat_id, "message_id": one.message_id}


def _sending(one: Announcement) -> TelegramMethod[Any]:
    how: dict[str, Any] = {
        "chat_id": one.chat_id,
        "parse_mode": ParseMode.HTML,
        "reply_markup": texts.below_announcement(one.label, one.url),
        "disable_notification": one.silent or None,
    }
    if one.cover is None:
        return SendMessage(text=one.text, **how)
    return CopyMessage(from_chat_id=one.cover.chat_id, message_id=one.cover.message_id, caption=one.text, **how)


def _cover_after(one: Announcement) -> CoverMessage | None:
    """Return the picture its message shows after an edit."""
    return one.cover if one.edit is EditKind.CONTENT and one.cover is not None else one.shown_cover


def outcome_of(error: BaseException, effect: Effect) -> Outcome:
    """Return what a failed call means."""
    words = mask(text_of(error) or f"{error}")[:ERROR_MAX]
    failure, certainty = classify(error), certainty_of(effect, error)
    if failure is Failure.NOT_MODIFIED:
        return Done()
    if certainty is Certainty.UNKNOWN:
        return Unknown(words)
    if certainty is Certainty.REPEAT:
        return Later((retry_after(error) or BACKOFF_S) if failure is Failure.FLOOD else BACKOFF_S, words)
    if failure in (Failure.UNAUTHORIZED, Failure.CONFLICT):
        return Later(STOPPED_S, words, stops_run=True)
    if failure is Failure.GONE and effect is Effect.REPEATABLE:
        return Gone()
    return Refused(words, is_undeletable=failure is Failure.UNDELETABLE)
