"""Statistics beside an event: the event stands, whether it could be counted or not."""

import logging
from collections.abc import Awaitable

from core.errors import TollgateError

log = logging.getLogger("tollgate.database")


async def tolerated(action: str, command: Awaitable[object]) -> None:
    """Run a command whose failure is logged as `action` and raises nothing.

    For what follows something that has happened and must be neither undone nor repeated.
    """
    try:
        await command
    except TollgateError as error:
        log.warning(action, extra={"error": type(error).__name__})
