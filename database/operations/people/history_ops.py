"""What is stored about one subscriber besides their record: deliveries, unlocks, what the team did.

Each is read along an index that begins with the subscriber and bounded by `limit`; a subscriber has at most one row
of each post.
"""

from core.delivery_states import Delivery, DeliveryState
from core.verification import Token, TokenStatus
from database.connection import current_database
from database.operations import audit_ops, delivery_ops, token_ops
from database.operations.audit_ops import AuditEntry
from database.readable import find_records

#: deliveries counted of one subscriber
COUNTED_MAX = 10_000


async def count_received(user_id: int) -> int:
    """Count the posts the subscriber got, of those whose deliveries are kept; up to COUNTED_MAX."""
    deliveries = current_database().collection("deliveries")
    return await deliveries.count({"user_id": user_id, "state": DeliveryState.SENT}, limit=COUNTED_MAX)


async def last_deliveries(user_id: int, limit: int) -> list[Delivery]:
    """Return up to `limit` deliveries to the subscriber, the last opened first."""
    deliveries = current_database().collection("deliveries")
    return await find_records(
        deliveries, delivery_ops.READ, {"user_id": user_id}, sort=[("opened_at", -1)], limit=limit
    )


async def last_unlocks(user_id: int, status: TokenStatus, limit: int) -> list[Token]:
    """Return up to `limit` tokens of the subscriber with this status, the latest first, while they are kept."""
    tokens = current_database().collection("tokens")
    condition = {"user_id": user_id, "status": status}
    return await find_records(tokens, token_ops.READ, condition, sort=[("expires_at", -1)], limit=limit)


async def last_actions(user_id: int, limit: int) -> list[AuditEntry]:
    """Return up to `limit` things the team did to the subscriber, the latest first."""
    log = current_database().collection("audit_log")
    return await find_records(log, audit_ops.READ, {"target": str(user_id)}, sort=[("at", -1)], limit=limit)
