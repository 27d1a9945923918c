"""Invitations: for somebody chosen in Telegram, or a link for whoever opens it first."""

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message, UsersShared

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import answer, toast, turn_to
from admin_bot.team.members import TeamService
from core.team.invitations import INVITED_ROLES
from views.admin_texts import first_the_batch
from views.team import members as views
from views.team.callbacks import AddMember, AskInvitation, InvitationButton, Invite


async def add(query: CallbackQuery, bot: Bot, state: FSMContext) -> None:
    if await Dialogue(state).batch_draft() is not None:
        await toast(query, first_the_batch(), alert=True)
        return
    await toast(query)
    await bot.send_message(query.from_user.id, views.ask_somebody(), reply_markup=views.pick_somebody())


async def is_picked(message: Message) -> bool:
    """Return whether it is the answer of this question's picker."""
    shared = message.users_shared
    return isinstance(shared, UsersShared) and shared.request_id == views.MEMBER_REQUEST_ID and bool(shared.users)


async def picked(message: Message, state: FSMContext, members: TeamService) -> None:
    shared = message.users_shared
    assert isinstance(shared, UsersShared), "checked by the filter"
    somebody = shared.users[0]
    name = " ".join(part for part in (somebody.first_name, somebody.last_name) if part)
    member = await members.member(somebody.user_id)
    if member is not None:
        screen = await members.card(somebody.user_id)
        await answer(message, screen.with_note(views.is_member_already(name, somebody.user_id, member.role)))
        return
    await Dialogue(state).keep_picked({somebody.user_id: name})
    await answer(message, views.ask_invited_role(somebody.user_id, name))


async def ask_role(query: CallbackQuery, callback_data: AskInvitation, bot: Bot, state: FSMContext) -> None:
    name = await Dialogue(state).picked_name(callback_data.user_id) if callback_data.user_id else ""
    await turn_to(query, bot, views.ask_invited_role(callback_data.user_id, name))


async def invite(
    query: CallbackQuery, callback_data: Invite, bot: Bot, state: FSMContext, members: TeamService
) -> None:
    role = callback_data.role
    if role not in INVITED_ROLES:  # forged
        await turn_to(query, bot, await members.screen())
        return
    name = await Dialogue(state).picked_name(callback_data.user_id) if callback_data.user_id else ""
    await turn_to(query, bot, await members.invite(query.from_user.id, role, callback_data.user_id, name))


async def show_or_cancel(query: CallbackQuery, callback_data: InvitationButton, bot: Bot, members: TeamService) -> None:
    invitation = await members.open_invitation(callback_data.key)
    if invitation is None:
        await turn_to(query, bot, await members.screen(), views.invitation_is_over())
    elif not callback_data.cancels:
        await turn_to(query, bot, await members.invitation_screen(invitation))
    else:
        is_cancelled = await members.cancel(query.from_user.id, invitation)
        said = views.cancelled() if is_cancelled else views.invitation_is_over()
        await turn_to(query, bot, await members.screen(), said)


def build() -> Router:
    router = Router(name="admin invitations")
    router.callback_query.middleware(EndQuestion())
    router.message.register(picked, is_picked)
    router.callback_query.register(add, AddMember.filter())
    router.callback_query.register(ask_role, AskInvitation.filter())
    router.callback_query.register(invite, Invite.filter())
    router.callback_query.register(show_or_cancel, InvitationButton.filter())
    return router
