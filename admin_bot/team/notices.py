"""Tells members of what the page did, whose process may have no bot: a changed role, a sign-in."""

import structlog

from admin_bot.team.members import TeamService
from core.clock import Clock
from core.errors import TollgateError
from database.operations.team import notice_ops
from database.operations.team.notice_ops import RoleNotice
from views.catalogues import speaking_to_team

log = structlog.get_logger("tollgate.admin")

#: seconds between two looks
LOOK_EVERY_S = 5.0


class TeamNotices:
    """One per process with the admin bot."""

    def __init__(self, members: TeamService, clock: Clock) -> None:
        self._members = members
        self._clock = clock

    async def run(self) -> None:
        """Repeat `tell_all` until cancelled. An outage of the database only postpones."""
        while True:
            try:
                await self.tell_all()
            except TollgateError as error:
                log.warning("team.notices_put_off", error=type(error).__name__)
            await self._clock.sleep(LOOK_EVERY_S)

    async def tell_all(self) -> None:
        """Tell everyone who is to be told, each once among processes; after a crash in between, not at all."""
        while (notice := await notice_ops.take()) is not None:
            with speaking_to_team(notice.language):
                if isinstance(notice, RoleNotice):
                    await self._members.tell_role(notice.user_id, notice.role)
                else:
                    await self._members.tell_sign_in(notice)
