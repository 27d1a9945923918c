"""The press that publishes a draft, or puts it on the schedule; and what became of it."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.conversation.publish_draft import PublishDraft
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.drafts import PublishDraftService
from admin_bot.publishing.handlers.draft import OpenDraft, put_result, show_result
from admin_bot.publishing.results import ResultService
from admin_bot.screens import screen_id, toast
from core.clock import Clock
from views.admin_texts import stale_button
from views.publishing import draft_screens as views
from views.publishing.callbacks import PublishAgain, PublishConfirmed, ResultButton
from views.publishing.result_screens import there_screen


async def again(
    query: CallbackQuery,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
) -> None:
    """The post is announced there already: show what a second announcement would be."""
    await toast(query)
    await publish_drafts.present(dialogue, query.from_user.id, draft.changed(again=True))


async def confirm(
    query: CallbackQuery,
    callback_data: PublishConfirmed,
    bot: Bot,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
    publish_results: ResultService,
    clock: Clock,
) -> None:
    """Publish, or put on the schedule: once, however often it is pressed."""
    is_late = draft.publish_at is not None and draft.publish_at <= clock.now()
    if is_late or callback_data.fingerprint != draft.fingerprint:
        await toast(query, views.time_passed() if is_late else stale_button())
        await publish_drafts.show(query, dialogue, draft.changed(publish_at=None) if is_late else draft)
        return
    if await publish_drafts.is_slot_taken(draft):
        await toast(query, views.slot_taken())
        await publish_drafts.show_step(query, dialogue, draft, await publish_drafts.when_screen(draft))
        return
    await toast(query)
    standing = await publish_results.standing(draft)
    if not standing:
        confirmed = await publish_results.confirm(query.from_user.id, draft, screen_id(query) or draft.screen_id)
        standing = list(confirmed.standing)
        if confirmed.made:
            await dialogue.close_publish_draft(draft.id)
            await put_result(query, bot, publish_results, await publish_results.find(draft.id))
            return
    shown = await publish_drafts.standing_shown(standing)
    if not shown:
        # the channels were disconnected meanwhile
        await publish_drafts.show(query, dialogue, draft)
        return
    await publish_drafts.show_step(query, dialogue, draft, there_screen(await publish_drafts.facts(draft), shown))


async def result_page(
    query: CallbackQuery, callback_data: ResultButton, bot: Bot, publish_results: ResultService
) -> None:
    await show_result(query, bot, publish_results, callback_data.draft, callback_data.page)


def build() -> Router:
    router = Router(name="admin publishing confirmations")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.middleware(OpenDraft())
    router.callback_query.register(again, PublishAgain.filter())
    router.callback_query.register(confirm, PublishConfirmed.filter())
    router.callback_query.register(result_page, ResultButton.filter())
    return router
