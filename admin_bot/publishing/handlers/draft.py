"""The buttons of a draft, up to the press that publishes it."""

from collections.abc import Sequence
from typing import Any

from aiogram import BaseMiddleware, Bot, F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, TelegramObject

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.conversation.publish_draft import PublishDraft
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.drafts import PublishDraftService
from admin_bot.publishing.results import ResultService, is_settled
from admin_bot.screens import show_in_place, toast
from core.announcements import CAPTION_MAX, TEXT_MAX, Announcement
from sender.updates.acknowledgement import Handler
from views.admin_texts import stale_button
from views.navigation import OpenPublish
from views.publishing import draft_screens as views
from views.publishing.callbacks import (
    OF_DRAFT,
    DraftAction,
    DraftButton,
    LeavesButton,
    TargetButton,
    TargetPage,
)
from views.publishing.shortening import shorten

#: buttons that change one thing and show the draft again
_SWITCHES: dict[DraftAction, dict[str, Any]] = {
    DraftAction.SHOW: {},
    DraftAction.SOUND_ON: {"silent": False},
    DraftAction.SOUND_OFF: {"silent": True},
    DraftAction.PIN: {"pin": True},
    DraftAction.NO_PIN: {"pin": False},
    DraftAction.NOW: {"publish_at": None, "is_slot": False},
}
_CHOICES = frozenset({DraftAction.TO, DraftAction.WHEN, DraftAction.LEAVES, DraftAction.COVER})
_TIMES = frozenset({DraftAction.SLOT, DraftAction.TODAY, DraftAction.TOMORROW})
#: what changes the announcement itself: its preview is sent anew
_CONTENT = frozenset(
    {
        DraftAction.PREVIEW,
        DraftAction.USUAL_TEXT,
        DraftAction.USUAL_LABEL,
        DraftAction.SHORTEN,
        DraftAction.COVER_OF_POST,
        DraftAction.COVER_DEFAULT,
        DraftAction.COVER_NONE,
    }
)


async def show_result(
    query: CallbackQuery, bot: Bot, results: ResultService, draft_id: str, page: int = 0, note: str | None = None
) -> None:
    """Answer the press and show what became of a confirmed draft. Raises SkipHandler when there is none of this id."""
    found = await results.find(draft_id)
    if not found:
        raise SkipHandler
    await toast(query, note)
    await put_result(query, bot, results, found, page)


async def put_result(
    query: CallbackQuery, bot: Bot, results: ResultService, found: Sequence[Announcement], page: int = 0
) -> None:
    """Show what became of a draft in place of the pressed screen, and keep it up to date until it is settled."""
    screen = await results.screen(found, page)
    shown = await show_in_place(query, bot, screen)
    if not all(is_settled(one) for one in found):
        await results.follow(shown, screen, found[0].key, page)


class OpenDraft(BaseMiddleware):
    """Hands the handler of a draft's button the `draft`, with its `dialogue`.

    For one that was confirmed it shows what became of it; a button of neither is an old one, for the next handler.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        pressed = data.get("callback_data")
        if not isinstance(event, CallbackQuery) or not isinstance(pressed, OF_DRAFT):
            return await handler(event, data)
        dialogue = Dialogue(data["state"])
        draft = await dialogue.publish_draft(pressed.draft)
        if draft is None:
            return await show_result(event, data["bot"], data["publish_results"], pressed.draft, note=stale_button())
        return await handler(event, {**data, "dialogue": dialogue, "draft": draft})


async def open_publish(
    query: CallbackQuery, callback_data: OpenPublish, state: FSMContext, publish_drafts: PublishDraftService
) -> None:
    post = await publish_drafts.find_post(callback_data.code)
    if post is None:
        raise SkipHandler
    await toast(query)
    await publish_drafts.open(Dialogue(state), query.from_user.id, post)


async def switch(
    query: CallbackQuery,
    callback_data: DraftButton,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
) -> None:
    await toast(query)
    await publish_drafts.show(query, dialogue, draft.changed(**_SWITCHES[callback_data.act]))


async def choose(
    query: CallbackQuery,
    callback_data: DraftButton,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
) -> None:
    """Show the choice of channels, a time, how long it stays, or a picture."""
    await toast(query)
    match callback_data.act:
        case DraftAction.TO:
            screen = await publish_drafts.to_screen(draft, 0)
        case DraftAction.WHEN:
            screen = await publish_drafts.when_screen(draft)
        case DraftAction.LEAVES:
            screen = views.leaves_screen(await publish_drafts.facts(draft))
        case _:
            of_post, default = await publish_drafts.covers(draft)
            facts = await publish_drafts.facts(draft)
            screen = views.cover_screen(facts, from_post=of_post is not None, has_default=default is not None)
    await publish_drafts.show_step(query, dialogue, draft, screen)


async def choose_time(
    query: CallbackQuery,
    callback_data: DraftButton,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
) -> None:
    times = await publish_drafts.offered(draft)
    chosen = {DraftAction.SLOT: times.slot, DraftAction.TODAY: times.today, DraftAction.TOMORROW: times.tomorrow}
    at = chosen[callback_data.act]
    await toast(query, None if at is not None else stale_button())
    if at is None:
        # it has passed, or the slots were taken meanwhile
        await publish_drafts.show_step(query, dialogue, draft, await publish_drafts.when_screen(draft))
        return
    await publish_drafts.show(
        query, dialogue, draft.changed(publish_at=at, is_slot=callback_data.act is DraftAction.SLOT)
    )


async def choose_leaving(
    query: CallbackQuery,
    callback_data: LeavesButton,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
) -> None:
    await toast(query)
    await publish_drafts.show(query, dialogue, draft.changed(leaves_after_minutes=callback_data.minutes))


async def change_content(
    query: CallbackQuery,
    callback_data: DraftButton,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
) -> None:
    await toast(query)
    changed = await _changed(draft, callback_data.act, publish_drafts)
    await publish_drafts.present(dialogue, query.from_user.id, changed)


async def _changed(draft: PublishDraft, act: DraftAction, drafts: PublishDraftService) -> PublishDraft:
    match act:
        case DraftAction.USUAL_TEXT:
            return await drafts.usual(draft, "text")
        case DraftAction.USUAL_LABEL:
            return await drafts.usual(draft, "label")
        case DraftAction.SHORTEN:
            limit = TEXT_MAX if draft.cover is None else CAPTION_MAX
            return draft.changed(text=shorten(draft.text, limit), has_own_text=True)
        case DraftAction.COVER_NONE:
            return draft.changed(cover=None, has_own_cover=True)
        case DraftAction.COVER_OF_POST:
            of_post, _ = await drafts.covers(draft)
            return draft if of_post is None else draft.changed(cover=of_post, has_own_cover=True)
        case DraftAction.COVER_DEFAULT:
            _, default = await drafts.covers(draft)
            return draft if default is None else draft.changed(cover=default, has_own_cover=True)
    return draft


async def choose_target(
    query: CallbackQuery,
    callback_data: TargetButton,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
) -> None:
    await toast(query)
    others = tuple(one for one in draft.chat_ids if one != callback_data.chat_id)
    draft = draft.changed(chat_ids=(*others, callback_data.chat_id) if callback_data.is_on else others)
    screen = await publish_drafts.to_screen(draft, callback_data.page)
    await publish_drafts.show_step(query, dialogue, draft, screen)


async def turn_targets(
    query: CallbackQuery,
    callback_data: TargetPage,
    dialogue: Dialogue,
    draft: PublishDraft,
    publish_drafts: PublishDraftService,
) -> None:
    await toast(query)
    screen = await publish_drafts.to_screen(draft, callback_data.page)
    await publish_drafts.show_step(query, dialogue, draft, screen)


def build() -> Router:
    router = Router(name="admin publishing")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.middleware(OpenDraft())
    router.callback_query.register(open_publish, OpenPublish.filter())
    router.callback_query.register(switch, DraftButton.filter(F.act.in_(set(_SWITCHES))))
    router.callback_query.register(choose, DraftButton.filter(F.act.in_(_CHOICES)))
    router.callback_query.register(choose_time, DraftButton.filter(F.act.in_(_TIMES)))
    router.callback_query.register(change_content, DraftButton.filter(F.act.in_(_CONTENT)))
    router.callback_query.register(choose_leaving, LeavesButton.filter())
    router.callback_query.register(choose_target, TargetButton.filter())
    router.callback_query.register(turn_targets, TargetPage.filter())
    return router
