"""Brings forward the copies of posts that are taken down everywhere, for the deleter that runs right after."""

from datetime import datetime, timedelta

import structlog

from database.operations.announcements import removals
from database.operations.posts import post_takedown
from schedulers.runner import Run

log = structlog.get_logger("tollgate.deleter")

#: posts of one run, and copies moved by one command
POSTS_MAX, BATCH = 50, 500
#: how long the post's copies are looked for: a delivery that was admitted before may begin after
LOOKED_FOR = timedelta(minutes=2)


async def bring_copies_forward(run: Run) -> None:
    """Make every copy of those posts due now, and unmark a post once nothing can come any more. Resumable.

    Ends early at a stop: the mark stays, and the next run goes on. Raises StoreUnavailable.
    """
    for code, since in await post_takedown.find_taking_down(POSTS_MAX):
        while not run.stopping.is_set():
            moved = await post_takedown.bring_forward(code, run.now(), BATCH)
            if not moved:
                break
            run.done["brought_forward"] += moved
        if run.stopping.is_set():
            return
        # who took it down may have been killed before; and what has gone out since leaves, too
        await removals.withdraw_all(code, run.now())
        await _end_if_over(run, code, since)


async def _end_if_over(run: Run, code: str, since: datetime) -> None:
    now = run.now()
    # a beginning in the future was noted before the clock was put back
    is_over = not timedelta() <= now - since < LOOKED_FOR
    if is_over and not await post_takedown.is_being_sent(code, now):
        await post_takedown.end_take_down(code, since)
        log.info("post.taken_down", post=code)
