"""Every change an admin makes leaves a row; a row that cannot be written never undoes or repeats the change."""

from datetime import datetime
from typing import Any

import structlog

from core.errors import TollgateError
from database.operations import audit_ops

log = structlog.get_logger("tollgate.admin")


async def note(at: datetime, admin_id: int, action: str, target: str, before: Any = None, after: Any = None) -> None:
    """Log the action and write it to audit_log. A store that is away is only logged: the deed is done."""
    log.info(action, admin_id=admin_id, target=target)
    try:
        await audit_ops.record(at, admin_id, action, target, before, after)
    except TollgateError as error:
        log.warning("audit.not_written", done=action, target=target, error=type(error).__name__)
