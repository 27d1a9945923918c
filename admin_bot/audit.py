"""The audit log of what admins do."""

from datetime import datetime
from typing import Any

import structlog

from core.errors import TollgateError
from database.operations import audit_ops

log = structlog.get_logger("tollgate.admin")


async def note(at: datetime, admin_id: int, action: str, target: str, before: Any = None, after: Any = None) -> None:
    """Log an action and write it to `audit_log`.

    A failed write is logged and raises nothing: the action itself is done and must be neither undone nor repeated.
    """
    log.info(action, admin_id=admin_id, target=target)
    try:
        await audit_ops.record(at, admin_id, action, target, before, after)
    except TollgateError as error:
        log.warning("audit.not_written", done=action, target=target, error=type(error).__name__)
