"""The preview: the announcement exactly as it will look, in the admin's chat."""

from dataclasses import dataclass

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardMarkup

from admin_bot.conversation.publish_draft import PublishDraft
from sender.certainty import Certainty, certainty_of, effect_of
from sender.failures import TELEGRAM_ERRORS, classify, text_of
from sender.refusals import Failure
from views.publishing.announcement_texts import below_announcement
from views.publishing.draft_screens import cover_gone, preview_refused, preview_unsure

log = structlog.get_logger("tollgate.admin")

_COVER_LOST = frozenset({Failure.SOURCE_GONE, Failure.SAVING_RESTRICTED, Failure.UNREACHABLE, Failure.KICKED})


@dataclass(frozen=True, slots=True)
class Preview:
    """The message that shows it, or why there is none (HTML)."""

    message_id: int | None
    problem: str | None = None
    is_about_cover: bool = False


async def send_preview(bot: Bot, chat_id: int, draft: PublishDraft, url: str) -> Preview:
    """Send the announcement into the admin's chat with the call that publishes it. One call."""
    keyboard = below_announcement(draft.label, url)
    try:
        return Preview(await _send(bot, chat_id, draft, keyboard))
    except TELEGRAM_ERRORS as error:
        failure = classify(error)
        log.info("preview.failed", draft=draft.id, reason=failure)
        if draft.cover is not None and failure in _COVER_LOST:
            return Preview(None, cover_gone(), is_about_cover=True)
        refused = certainty_of(effect_of("copyMessage"), error) is Certainty.REFUSED
        if refused and isinstance(error, TelegramBadRequest):
            return Preview(None, preview_refused(text_of(error)), is_about_cover=draft.cover is not None)
        return Preview(None, preview_unsure())


async def _send(bot: Bot, chat_id: int, draft: PublishDraft, keyboard: InlineKeyboardMarkup) -> int:
    if draft.cover is None:
        sent = await bot.send_message(chat_id, draft.text, reply_markup=keyboard)
        return sent.message_id
    copy = await bot.copy_message(
        chat_id, draft.cover.chat_id, draft.cover.message_id, caption=draft.text, reply_markup=keyboard
    )
    return copy.message_id
