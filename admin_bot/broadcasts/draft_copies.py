"""Copies of a draft for the admin: a preview by the admin bot, a test copy by the user bot."""

import structlog
from aiogram import Bot

from admin_bot.conversation.broadcast_draft import BroadcastDraft
from sender.certainty import Certainty, certainty_of
from sender.copies import effect_of_copies, send_copies
from sender.failures import TELEGRAM_ERRORS, classify, retry_after
from sender.refusals import Failure
from views.broadcasts import compose_texts as texts
from views.broadcasts.keyboards import below_broadcast

log = structlog.get_logger("tollgate.admin")

#: the user bot cannot write to the admin
_NOT_OPEN = {Failure.BLOCKED, Failure.UNREACHABLE, Failure.DEACTIVATED}


async def _copy(bot: Bot, chat_id: int, draft: BroadcastDraft, has_stop_button: bool) -> tuple[int, ...]:
    keyboard = below_broadcast(draft.buttons, has_stop_button=has_stop_button)
    return await send_copies(bot, chat_id, draft.chat_id, draft.message_ids, keyboard=keyboard, silent=draft.silent)


async def send_preview(
    bot: Bot, chat_id: int, draft: BroadcastDraft, has_stop_button: bool
) -> tuple[tuple[int, ...], str | None]:
    """Copy it into the admin's chat as subscribers will see it.

    Returns the ids of the copies, and what is wrong with the draft (HTML; None: nothing).
    """
    try:
        copies = await _copy(bot, chat_id, draft, has_stop_button)
    except TELEGRAM_ERRORS as error:
        log.warning("broadcast.preview_failed", draft=draft.id, reason=classify(error))
        return (), _problem(error)
    return copies, texts.incomplete() if len(copies) < len(draft.message_ids) else None


async def send_test_copy(
    user_bot: Bot, username: str, admin_id: int, draft: BroadcastDraft, has_stop_button: bool
) -> str:
    """Send it to the admin with the user bot; returns the result as a sentence (HTML)."""
    try:
        copies = await _copy(user_bot, admin_id, draft, has_stop_button)
    except TELEGRAM_ERRORS as error:
        failure = classify(error)
        log.info("broadcast.test_copy_failed", draft=draft.id, reason=failure)
        if failure in _NOT_OPEN:
            return texts.test_not_open(username)
        certainty = certainty_of(effect_of_copies(len(draft.message_ids)), error)
        return texts.test_unsure(username) if certainty is Certainty.UNKNOWN else _problem(error)
    return texts.incomplete() if len(copies) < len(draft.message_ids) else texts.test_sent(username)


def _problem(error: BaseException) -> str:
    match classify(error):
        case Failure.SOURCE_GONE:
            return texts.gone()
        case Failure.SAVING_RESTRICTED:
            return texts.saving_restricted()
        case Failure.VOICE_FORBIDDEN:
            return texts.voice_forbidden()
        case Failure.KICKED | Failure.UNREACHABLE | Failure.MIGRATED:
            return texts.out_of_reach()
        case Failure.CONTENT:
            return texts.refused()
        case Failure.FLOOD:
            return texts.wait(retry_after(error) or 1)
        case _:
            return texts.trouble()
