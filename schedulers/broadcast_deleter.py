"""Takes broadcasts back: each recipient's own message (DESIGN §7.5)."""

import asyncio
from collections import Counter

import structlog
from aiogram import Bot

from core.broadcasts import Broadcast, Recipient, RecipientState
from core.delivery import is_too_old
from core.jobs import Counts
from database.operations import broadcast_ops
from monitoring.logs import mask
from schedulers.runner import Run
from schedulers.taking_back import delete_messages
from sender.failures import TELEGRAM_ERRORS, Failure, classify
from sender.lanes import Lane, in_lane

log = structlog.get_logger("tollgate.recall")

#: broadcasts looked at in one run, recipients read at once, deletions under way at once
BROADCASTS_MAX, BATCH, AT_ONCE = 20, 200, 10
#: recipients worked on in one run; the rest waits for the next hour
RUN_MAX = 20_000
#: recipients of one broadcast that could not be served in this run; beyond it something is wrong with more than them
PUT_OFF_MAX = 1_000


class BroadcastDeleter:
    """Works expired broadcasts off, oldest first; a recipient's row changes only when Telegram has answered."""

    name = "broadcast_deleter"

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def __call__(self, run: Run) -> Counts:
        total = run.done
        for broadcast in await broadcast_ops.find_expired(run.now(), BROADCASTS_MAX):
            if run.stopping.is_set() or total.total() >= RUN_MAX:
                return Counts(dict(total), more=True)
            total.update(await self._recall(broadcast, run, RUN_MAX - total.total()))
        return Counts(dict(total), more=total.total() >= RUN_MAX or total["retry"] > 0)

    async def _recall(self, broadcast: Broadcast, run: Run, budget: int) -> Counter[str]:
        await broadcast_ops.mark_recalling(broadcast.id)
        counted: Counter[str] = Counter()
        put_off: list[int] = []
        while counted.total() < budget and len(put_off) < PUT_OFF_MAX and not run.stopping.is_set():
            recipients = await broadcast_ops.next_recipients(broadcast.id, BATCH, without=put_off)
            if not recipients:
                break
            ends = await self._delete_all(recipients, run)
            put_off += [user_id for user_id, end in ends.items() if end == "retry"]
            counted += Counter(ends.values())
        if await broadcast_ops.finish_recall(broadcast.id):
            log.info("broadcast.recalled", broadcast=broadcast.id, counts=dict(counted))
        return counted

    async def _delete_all(self, recipients: list[Recipient], run: Run) -> dict[int, str]:
        """What became of each recipient, by user id."""
        slots = asyncio.Semaphore(AT_ONCE)
        ends: dict[int, str] = {}

        async def one(recipient: Recipient) -> None:
            async with slots:
                state, error = await self._delete(recipient, run)
            if state is not None:
                await broadcast_ops.mark_recipient(recipient.broadcast_id, recipient.user_id, state, error)
            ends[recipient.user_id] = "retry" if state is None else state.value

        await asyncio.gather(*(one(recipient) for recipient in recipients))
        return ends

    async def _delete(self, recipient: Recipient, run: Run) -> tuple[RecipientState | None, str | None]:
        """The recipient's new state, or None when another try is needed."""
        if recipient.message_id is None or recipient.sent_at is None:
            return RecipientState.UNKNOWN, "no message id"
        if is_too_old(recipient.sent_at, run.now()):
            return RecipientState.FAILED, "too old to delete"
        with in_lane(Lane.DELETION):
            try:
                deletion = await delete_messages(self._bot, recipient.user_id, [recipient.message_id])
            except TELEGRAM_ERRORS as error:
                failure = classify(error)
                if failure in (Failure.DEACTIVATED, Failure.UNREACHABLE):
                    return RecipientState.FAILED, f"{failure.value}: {mask(str(error))}"[:300]
                return None, None
        if deletion.refused:
            return RecipientState.FAILED, "Telegram refuses to delete it"
        return RecipientState.DELETED, None
