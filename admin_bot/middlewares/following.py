"""A press shows another screen: the message is no longer kept up to date with the one before."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, TelegramObject

from admin_bot.run_follower import RunFollower
from admin_bot.screens import pressed_message
from sender.updates.acknowledgement import Handler


class ReleaseFollowed(BaseMiddleware):
    """Ends the following of the pressed message before the handler runs, which may begin another one."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        follower: RunFollower = data["run_follower"]
        if isinstance(event, CallbackQuery):
            await follower.release(pressed_message(event))
        return await handler(event, data)
