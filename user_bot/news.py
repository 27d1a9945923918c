"""Getting broadcasts or not, which is up to each person and changes nothing else for them."""

from datetime import datetime

from database.operations import broadcast_ops, broadcast_rows, user_ops

#: unfinished broadcasts a person is taken out of; more are never planned or half sent at once
_UNFINISHED_MAX = 20


async def turn_off(user_id: int, now: datetime) -> None:
    """No broadcast reaches the person any more, also not one that is being sent and has not come to them.

    May be repeated. What is on its way to them at this moment arrives.
    """
    await user_ops.stop_news(user_id, now)
    # their rows second: those made from now on leave the person out by themselves
    for broadcast in await broadcast_ops.find_unfinished(_UNFINISHED_MAX):
        await broadcast_rows.leave_out(broadcast.id, user_id)
