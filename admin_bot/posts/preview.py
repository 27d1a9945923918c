"""A post as a subscriber sees it, shown to an admin: no view is counted, no deletion is planned."""

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.delivery import deletion_time
from core.posts import Post
from core.settings import BotSettings
from sender.certainty import Certainty, certainty_of
from sender.copies import effect_of_copies
from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure
from views.posts.made import preview_failed, preview_note, preview_restricted, preview_unsure
from views.subscribers.texts import deletion_warning

log = structlog.get_logger("tollgate.admin")


async def show_preview(
    bot: Bot, chat_id: int, post: Post, settings: BotSettings, *, now: datetime, zone: ZoneInfo
) -> None:
    """Copy the post into the admin's chat, protected as for subscribers, and quote the warning they read below it."""
    protect = settings.protect_content if post.protect is None else post.protect
    try:
        copies = await bot.copy_messages(
            chat_id=chat_id,
            from_chat_id=post.storage_chat_id,
            message_ids=list(post.message_ids),
            protect_content=protect,
        )
    except TELEGRAM_ERRORS as error:
        log.warning("preview.failed", code=post.code, reason=classify(error))
        await bot.send_message(chat_id, _sentence(post, error))
        return
    minutes = settings.delete_after_minutes if post.delete_after_minutes is None else post.delete_after_minutes
    delete_at = deletion_time(now, minutes)
    warning = deletion_warning(delete_at, now, zone) if delete_at else None
    await bot.send_message(chat_id, preview_note(warning, missing=len(post.message_ids) - len(copies)))


def _sentence(post: Post, error: BaseException) -> str:
    if certainty_of(effect_of_copies(len(post.message_ids)), error) is not Certainty.REFUSED:
        return preview_unsure(post)
    is_restricted = classify(error) is Failure.SAVING_RESTRICTED
    return preview_restricted(post) if is_restricted else preview_failed(post)
