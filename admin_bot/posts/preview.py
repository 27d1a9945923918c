"""A post as a subscriber sees it, shown to an admin: no view is counted, no deletion is planned."""

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.delivery import deletion_time, is_protected, minutes_to_live, password_of
from core.posts import Post
from core.settings import BotSettings
from sender.certainty import Certainty, certainty_of
from sender.copies import effect_of_copies
from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure
from views.posts.made import preview_failed, preview_note, preview_restricted, preview_unsure
from views.subscribers.delivery_texts import Note, under_delivery

log = structlog.get_logger("tollgate.admin")


async def show_preview(
    bot: Bot, chat_id: int, post: Post, settings: BotSettings, *, now: datetime, zone: ZoneInfo
) -> None:
    """Copy the post into the admin's chat, protected as for subscribers, and quote the warning they read below it."""
    try:
        copies = await bot.copy_messages(
            chat_id=chat_id,
            from_chat_id=post.storage_chat_id,
            message_ids=list(post.message_ids),
            protect_content=is_protected(post, settings),
        )
    except TELEGRAM_ERRORS as error:
        log.warning("preview.failed", code=post.code, reason=classify(error))
        await bot.send_message(chat_id, _sentence(post, error))
        return
    note = Note(
        now,
        deletion_time(now, minutes_to_live(post, settings)),
        is_protected=is_protected(post, settings),
        password=password_of(post, settings),
    )
    lines = under_delivery(note, zone)
    await bot.send_message(chat_id, preview_note(lines, missing=len(post.message_ids) - len(copies)))


def _sentence(post: Post, error: BaseException) -> str:
    if certainty_of(effect_of_copies(len(post.message_ids)), error) is not Certainty.REFUSED:
        return preview_unsure(post)
    is_restricted = classify(error) is Failure.SAVING_RESTRICTED
    return preview_restricted(post) if is_restricted else preview_failed(post)
