"""What the admin bot shows of itself: its texts, and the commands in each member's chat."""

from functools import partial

from admin_bot.command_menu import for_everybody, for_role
from core.errors import TollgateError
from core.team.admins import Role
from database.team import Team
from sender.profiles import BotProfile, Text
from views.catalogues import in_each_language_of_the_team, speaking_to_member
from views.team.profiles import about_admin_bot, describe_admin_bot


class TeamMenus:
    """Sets the lists where they changed. Failures are logged; the next start tries again."""

    def __init__(self, profile: BotProfile, team: Team, user_bot_username: str) -> None:
        self._profile = profile
        self._team = team
        self._username = user_bot_username

    async def refresh(self) -> None:
        """Bring texts, the list of strangers and those of known chats up to date; for the start."""
        everybody = in_each_language_of_the_team(partial(for_everybody, self._username))
        for language, commands in everybody.items():
            await self._profile.show_commands(commands, language=language)
        about = in_each_language_of_the_team(partial(about_admin_bot, self._username))
        await self._profile.describe_in_each(Text.ABOUT, about)
        await self._profile.describe_in_each(Text.DESCRIPTION, in_each_language_of_the_team(describe_admin_bot))
        try:
            members = await self._team.members()
        except TollgateError:
            return
        for user_id in await self._profile.chats_with_commands():
            await self.show(user_id, members.role_of(user_id))

    async def show(self, user_id: int, role: Role | None) -> None:
        """Show the commands of a role in a person's chat; None hides them. For their Start and changes of the role."""
        if role is None:
            await self._profile.hide_commands(user_id)
        else:
            async with speaking_to_member(self._team, user_id):
                commands = for_role(role)
            await self._profile.show_commands(commands, user_id)
