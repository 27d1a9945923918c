"""Banning by buttons: for how long, then why; and letting in again."""

from datetime import timedelta

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.people.inputs import BanCommand
from admin_bot.people.service import PeopleService
from admin_bot.screens import screen_id, toast, turn_to
from admin_bot.states import PeopleAsked
from database.operations import user_ops
from views.admin_texts import first_the_batch, stale_button
from views.people import bans as views
from views.people.callbacks import SubscriberAction, SubscriberButton


def ban_of(button: SubscriberButton, reason: str | None) -> BanCommand:
    """Return the ban a button means: for `value` days, 0 for ever."""
    return BanCommand(button.user_id, timedelta(days=button.value) if button.value else None, reason)


async def choose_days(query: CallbackQuery, callback_data: SubscriberButton, bot: Bot, people: PeopleService) -> None:
    if await people.is_admin(callback_data.user_id):
        await toast(query, views.is_admin(), alert=True)
        return
    user = await user_ops.find(callback_data.user_id)
    await turn_to(query, bot, views.choose_days(callback_data.user_id, user, callback_data.place))


async def ask_reason(query: CallbackQuery, callback_data: SubscriberButton, bot: Bot, state: FSMContext) -> None:
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    if callback_data.value not in views.BAN_DAYS:
        await toast(query, stale_button())
        return
    await dialogue.ask(PeopleAsked.reason, Question(callback_data.pack(), screen_id(query)))
    user = await user_ops.find(callback_data.user_id)
    screen = views.ask_reason(callback_data.user_id, user, callback_data.value, callback_data.place)
    await turn_to(query, bot, screen)


async def ban(
    query: CallbackQuery, callback_data: SubscriberButton, bot: Bot, state: FSMContext, people: PeopleService
) -> None:
    """Ban without a reason."""
    if await people.is_admin(callback_data.user_id):
        await toast(query, views.is_admin(), alert=True)
        return
    if callback_data.value not in views.BAN_DAYS:
        await toast(query, stale_button())
        return
    await people.ban(query.from_user.id, ban_of(callback_data, None))
    await turn_to(query, bot, await people.card(Dialogue(state), callback_data.user_id, callback_data.place))


async def unban(
    query: CallbackQuery, callback_data: SubscriberButton, bot: Bot, state: FSMContext, people: PeopleService
) -> None:
    await people.unban(query.from_user.id, callback_data.user_id)
    await turn_to(query, bot, await people.card(Dialogue(state), callback_data.user_id, callback_data.place))


def build() -> Router:
    router = Router(name="admin people bans")
    router.callback_query.middleware(EndQuestion())
    act = SubscriberAction
    router.callback_query.register(choose_days, SubscriberButton.filter(F.act == act.BAN))
    router.callback_query.register(ask_reason, SubscriberButton.filter(F.act == act.BAN_FOR))
    router.callback_query.register(ban, SubscriberButton.filter(F.act == act.BAN_NOW))
    router.callback_query.register(unban, SubscriberButton.filter(F.act == act.UNBAN))
    return router
