"""What a post consists of: its messages, taken out and brought back; a stray post undone; its announcements changed."""

from aiogram import Bot, F, Router
from aiogram.types import CallbackQuery

from admin_bot.audit import note
from admin_bot.middlewares.questions import EndQuestion
from admin_bot.posts.cards import CardService
from admin_bot.posts.lists import list_screen
from admin_bot.posts.post_maker import Made, NotMade, PostMaker
from admin_bot.screens import toast, turn_to, turn_to_fresh
from core.announcements import CoverMessage
from core.clock import Clock
from core.posts import CoverKind, Post, undoable
from core.settings.announcing import announcement_defaults
from core.settings.model import BotSettings
from database.operations import settings_ops
from database.operations.announcements import changes as announcement_changes
from views.html import plain
from views.posts import changes as change_views
from views.posts import contents as views
from views.posts import made as made_views
from views.posts.callbacks import ItemList, PostAction, PostButton, PostList, TakeOut


async def open_content(
    query: CallbackQuery, callback_data: PostButton, bot: Bot, cards: CardService, clock: Clock
) -> None:
    post = await cards.find_or_answer(query, callback_data.code, callback_data.place)
    if post is not None:
        can_undo = undoable(post, clock.now()) is not None
        await turn_to(query, bot, views.content(post, callback_data.place, can_undo=can_undo))
