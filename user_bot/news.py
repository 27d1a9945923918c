"""Opting out of broadcasts, which changes nothing else for a subscriber."""

from datetime import datetime

from database.operations import broadcast_ops, broadcast_rows, user_ops

#: unfinished broadcasts a subscriber is removed from; there are never more planned or half sent at once
_UNFINISHED_MAX = 20


async def turn_off(user_id: int, now: datetime) -> None:
    """Opt a subscriber out of all broadcasts, also out of one being sent that has not reached them. Idempotent.

    A message that is being sent to them at this moment still arrives.
    """
    await user_ops.stop_news(user_id, now)
    # rows second: broadcasts planned from now on leave the subscriber out by themselves
    for broadcast in await broadcast_ops.find_unfinished(_UNFINISHED_MAX):
        await broadcast_rows.leave_out(broadcast.id, user_id)
