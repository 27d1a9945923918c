"""The team of a process, from its configuration and the key in DATA_DIR."""

from functools import partial

from config import Settings
from core.clock import Clock
from database.secret_file import OWNERS, NoSecret, find_secret, read_secret
from database.team import Team
from runtime.lifecycle import CannotStart, as_soon_as_it_answers
from views.links import claim_link
from views.team.texts import no_owner_yet


def team_of(settings: Settings, clock: Clock) -> Team:
    """Build it for a process with a bot. Without ADMIN_IDS it may write a new key to DATA_DIR. Raises CannotStart."""
    if settings.ADMIN_IDS:
        return Team(settings.ADMIN_IDS, partial(read_secret, settings.DATA_DIR, OWNERS), clock)
    try:
        key = find_secret(settings.DATA_DIR, OWNERS)
    except NoSecret as error:
        raise CannotStart(str(error), status=2) from None
    return Team(settings.ADMIN_IDS, lambda: key, clock)


async def claim_notice(settings: Settings, team: Team, admin_bot_username: str, clock: Clock) -> str | None:
    """Make a new link for the first owner and return the line to print; None when there is an owner.

    The line is the only place with the link's token. Raises CannotStart.
    """
    tokens: list[str | None] = []

    async def issue() -> None:
        tokens.append(await team.issue_claim())

    await as_soon_as_it_answers(issue, clock)
    token = tokens[-1]
    return None if token is None else no_owner_yet(claim_link(settings.telegram_links, admin_bot_username, token))
