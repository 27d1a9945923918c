"""The audit row of an action of an admin; a row that cannot be written neither undoes nor repeats the action."""

from datetime import datetime
from typing import Any

import structlog

from core.errors import TollgateError
from database.operations import audit_ops

log = structlog.get_logger("tollgate.web_app")


async def record(
    at: datetime, admin_id: int, action: str, target: str | None, before: Any = None, after: Any = None
) -> None:
    """Log the action and insert it into audit_log. An unavailable store is only logged: the action has been done.

    `before` and `after` must not contain secrets.
    """
    log.info(action, admin_id=admin_id, target=target)
    try:
        await audit_ops.record(at, admin_id, action, target, before, after)
    except TollgateError as error:
        log.warning("audit.not_written", done=action, target=target, error=type(error).__name__)
