"""Every handler speaks the language of whoever wrote or pressed."""

from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject, User

from database.team import Team
from sender.updates.acknowledgement import Handler
from views.catalogues import speaking_to_team


class SpeakToMember(BaseMiddleware):
    """The first of these that the team's texts are in: what they chose, their app's language, the owner's, English.

    Before the authorisation: a stranger is refused in a language of theirs, too.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        user: User | None = data.get("event_from_user")
        team: Team = data["team"]
        codes = () if user is None else await team.languages_of(user.id, user.language_code)
        with speaking_to_team(*codes):
            return await handler(event, data)
