"""The slots of channels: the list, weekdays, times."""

from zoneinfo import ZoneInfo

from aiogram import Bot, F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from admin_bot.conversation.dialogue import Dialogue, Question
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.publishing.inputs import read_clock
from admin_bot.publishing.lookups import Lookups
from admin_bot.publishing.slots import SlotService, slots_step
from admin_bot.screens import move_below, reply_to, screen_id, toast, turn_to
from admin_bot.states import PublishAsked
from admin_bot.undo import UndoService
from core.announcements import SLOT_TIMES_MAX, Slots
from core.clock import Clock
from core.errors import BadInput
from core.subscriptions import Channel
from views.admin_texts import first_the_batch
from views.html import esc
from views.navigation import Open, Section
from views.publishing import schedule_screens as views
from views.publishing.callbacks import AskSlot, ChannelSlots, SlotDay, SlotsPage, SlotTime
from views.publishing.draft_screens import question_lost
from views.publishing.times import clock_of
from views.screens import Screen


async def list_of_slots(lookups: Lookups, page: int) -> Screen:
    """Return the channels with their slots."""
    return views.slots_list(await lookups.publishing(), page)


async def open_slots(query: CallbackQuery, bot: Bot, publishing_lookups: Lookups) -> None:
    await turn_to(query, bot, await list_of_slots(publishing_lookups, 0))


async def turn_page(query: CallbackQuery, callback_data: SlotsPage, bot: Bot, publishing_lookups: Lookups) -> None:
    await turn_to(query, bot, await list_of_slots(publishing_lookups, callback_data.page))


async def _find(query: CallbackQuery, bot: Bot, slots: SlotService, lookups: Lookups, chat_id: int) -> Channel | None:
    """Return the channel of a button; None when it is not connected any more, and then the list is shown."""
    channel = await slots.find(chat_id)
    if channel is None:
        await turn_to(query, bot, await list_of_slots(lookups, 0), views.channel_gone())
    return channel


async def show(
    query: CallbackQuery,
    callback_data: ChannelSlots,
    bot: Bot,
    channel_slots: SlotService,
    publishing_lookups: Lookups,
    zone: ZoneInfo,
) -> None:
    channel = await _find(query, bot, channel_slots, publishing_lookups, callback_data.chat_id)
    if channel is not None:
        await turn_to(query, bot, views.slots_screen(channel, zone))


async def change(
    query: CallbackQuery,
    callback_data: SlotDay | SlotTime,
    bot: Bot,
    state: FSMContext,
    channel_slots: SlotService,
    publishing_lookups: Lookups,
    undo_service: UndoService,
    clock: Clock,
    zone: ZoneInfo,
) -> None:
    """Switch a weekday, or remove a time."""
    channel = await _find(query, bot, channel_slots, publishing_lookups, callback_data.chat_id)
    if channel is None:
        return
    after = _after(channel.slots, callback_data)
    changed = await channel_slots.change(query.from_user.id, channel, after)
    if changed is None:
        fresh = await channel_slots.find(channel.chat_id)
        await turn_to(query, bot, views.slots_screen(fresh or channel, zone), views.slots_changed())
        return
    undo = await undo_service.offer(Dialogue(state), slots_step(channel, after), clock.now())
    await turn_to(query, bot, views.slots_screen(changed, zone, undo))


def _after(slots: Slots, pressed: SlotDay | SlotTime) -> Slots:
    if isinstance(pressed, SlotTime):
        removed = clock_of(pressed.minute)
        return Slots(weekdays=slots.weekdays, times=tuple(one for one in slots.times if one != removed))
    others = tuple(day for day in slots.weekdays if day != pressed.day)
    return Slots(weekdays=(*others, pressed.day) if pressed.is_on else others, times=slots.times)


async def ask(
    query: CallbackQuery,
    callback_data: AskSlot,
    bot: Bot,
    state: FSMContext,
    channel_slots: SlotService,
    publishing_lookups: Lookups,
    zone: ZoneInfo,
) -> None:
    channel = await _find(query, bot, channel_slots, publishing_lookups, callback_data.chat_id)
    if channel is None:
        return
    dialogue = Dialogue(state)
    if await dialogue.batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    if len(channel.slots.times) >= SLOT_TIMES_MAX:
        await toast(query, views.slots_full(), alert=True)
        return
    await dialogue.ask(PublishAsked.slot, Question(callback_data.pack(), screen_id(query)))
    await turn_to(query, bot, views.slot_question(channel, views.ask_slot()))


async def answered(
    message: Message,
    bot: Bot,
    state: FSMContext,
    channel_slots: SlotService,
    undo_service: UndoService,
    clock: Clock,
    zone: ZoneInfo,
) -> None:
    dialogue = Dialogue(state)
    question = await dialogue.question()
    asked = question.asked_by(AskSlot) if question is not None else None
    channel = await channel_slots.find(asked.chat_id) if asked is not None else None
    if question is None or channel is None:
        await dialogue.end_question()
        await message.answer(views.channel_gone() if question is not None else question_lost())
        return
    try:
        after = _with_time(channel.slots, read_clock(message))
    except BadInput as problem:
        await message.answer(esc(problem.sentence), reply_parameters=reply_to(message.message_id))
        return
    changed = await channel_slots.change(message.chat.id, channel, after)
    if changed is None:
        await message.answer(views.slots_changed())
        screen = views.slots_screen(await channel_slots.find(channel.chat_id) or channel, zone)
    else:
        screen = views.slots_screen(
            changed, zone, await undo_service.offer(dialogue, slots_step(channel, after), clock.now())
        )
    await move_below(bot, message.chat.id, question.screen_id, screen)
    await dialogue.end_question()


def _with_time(slots: Slots, clock: str) -> Slots:
    """Return the slots with one more time. Raises BadInput when the day is full."""
    times = {*slots.times, clock}
    if len(times) > SLOT_TIMES_MAX:
        raise BadInput(views.slots_full())
    return Slots(weekdays=slots.weekdays, times=tuple(times))


def build() -> Router:
    router = Router(name="admin slots")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(open_slots, Open.filter(F.section == Section.SLOTS))
    router.callback_query.register(turn_page, SlotsPage.filter())
    router.callback_query.register(show, ChannelSlots.filter())
    router.callback_query.register(change, SlotDay.filter())
    router.callback_query.register(change, SlotTime.filter())
    router.callback_query.register(ask, AskSlot.filter())
    router.message.register(answered, StateFilter(PublishAsked.slot))
    return router
