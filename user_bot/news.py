"""Opting out of broadcasts, which changes nothing else for a subscriber."""

from datetime import datetime, timedelta

from database.operations import broadcast_ops, broadcast_rows, user_ops
from database.operations.walks import Place

#: broadcasts read at once
_PAGE = 50
#: the process that sends may have a clock that is ahead
_CLOCKS_DIFFER = timedelta(hours=1)


async def turn_off(user_id: int, now: datetime) -> None:
    """Opt a subscriber out of all broadcasts, also out of those being sent that have not reached them. Idempotent.

    A message that is being sent to them at this moment still arrives.
    """
    await user_ops.stop_news(user_id, now)
    # rows second: broadcasts begun from now on leave the subscriber out by themselves
    place: Place | None = None
    while True:
        begun, place = await broadcast_ops.find_begun(now + _CLOCKS_DIFFER, _PAGE, place)
        for broadcast_id in begun:
            await broadcast_rows.leave_out(broadcast_id, user_id)
        if place is None:
            return
