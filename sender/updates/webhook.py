"""Takes the updates of one bot that Telegram posts (BOTAPI §2.3), with the account that polls have, too.

A post is answered with 200 when its update is acknowledged (`acknowledgement.py`). Until then Telegram keeps it and
posts no other update of the same chat. What is not taken is posted again, perhaps to another process.
"""

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

import structlog
from aiogram import Bot, Dispatcher

from core.supervisor import Supervisor
from sender.message_ids import message_ids_of
from sender.updates.places import HANGS_AFTER_S
from sender.updates.poison import PoisonGuard
from sender.updates.polling import UpdateAcknowledger
from sender.updates.posted import Posted
from sender.updates.update_ages import UpdateAges

log = structlog.get_logger("tollgate.intake")

#: seconds a post waits for its update. Below the 60 s after which Telegram gives a post up (WebhookActor.cpp,
#: HttpOutboundConnection), and below the 30 s of the proxies in use
OPEN_FOR_S = 25.0
#: seconds after which Telegram is to post again: when all places are taken, while the database is away, at a stop (to
#: another process), and when the handler is still at work
FULL_AGAIN_S, AWAY_AGAIN_S, STOPPING_AGAIN_S, SLOW_AGAIN_S = 1, 5, 1, 5


class WebhookReceiver:
    """Hands posted updates to the dispatcher of one bot."""

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        acknowledger: UpdateAcknowledger,
        *,
        secret: str,
        ages: UpdateAges,
        is_database_away: Callable[[], bool],
        open_for_s: float = OPEN_FOR_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._acknowledger = acknowledger
        self._secret = secret.encode()
        self._ages = ages
        self._is_database_away = is_database_away
        self._open_for_s = open_for_s
        self._now = now
        self._poison = PoisonGuard()
        self._tasks = Supervisor()
        self._is_open = False

    def is_secret(self, given: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._secret)

    def open(self) -> None:
        """Take updates from now on; before that they are posted again later."""
        self._is_open = True

    def close(self) -> None:
        """Take no more updates; the posts under way are answered when theirs end."""
        self._is_open = False

    async def take(self, raw: Mapping[str, Any]) -> int | None:
        """Handle an update, whose `update_id` is a whole number, and return None once it is acknowledged.

        Else return after how many seconds it is to be posted again: it was not taken, or its handler takes long. The
        same update meanwhile is not handled twice, and one that was handled in this process is not handled again.
        """
        update_id, account = raw["update_id"], self._acknowledger
        posted = account.posted.find(update_id)
        if posted is None:
            if account.is_known(update_id):
                return None
            if (again_s := self._refusal()) is not None:
                return again_s
            posted = self._begin(dict(raw))
        elif self._is_database_away():
            return AWAY_AGAIN_S
        return await self._answer(update_id, posted)

    def _refusal(self) -> int | None:
        """Return after how many seconds an update may be taken; None: now."""
        if not self._is_open:
            return STOPPING_AGAIN_S
        if self._is_database_away():
            return AWAY_AGAIN_S
        return FULL_AGAIN_S if self._acknowledger.is_full else None

    def _begin(self, raw: dict[str, Any]) -> Posted:
        """Read an update and start its handler."""
        update = self._poison.read(raw, self._bot)
        self._ages.observe(self._bot.id, [update])
        message_ids_of(self._bot).note_updates([update])
        posted = self._acknowledger.receive_posted(update)
        task = self._tasks.spawn(self._dispatcher._process_update(self._bot, update), f"update {update.update_id}")
        # where `intake.drain` looks for the handlers in flight, as aiogram keeps those of its polls
        self._dispatcher._handle_update_tasks.add(task)
        task.add_done_callback(self._dispatcher._handle_update_tasks.discard)
        task.add_done_callback(partial(self._ended, update.update_id))
        return posted

    def _ended(self, update_id: int, task: asyncio.Task[Any]) -> None:
        """Have Telegram post an update again whose handler was cancelled, perhaps before it began."""
        if task.cancelled():
            self._acknowledger.give_back(update_id)
        else:
            self._acknowledger.posted.settle(update_id, is_acknowledged=True)

    async def _answer(self, update_id: int, posted: Posted) -> int | None:
        try:
            async with asyncio.timeout(self._open_for_s):
                is_acknowledged = await asyncio.shield(posted.settled)
        except TimeoutError:
            if self._is_database_away() or self._now() - posted.since_s < HANGS_AFTER_S:
                return SLOW_AGAIN_S
            # the other updates of its chat wait behind it
            log.warning("update.confirmed_unacknowledged", update_id=update_id)
            self._acknowledger.acknowledge(update_id)
            return None
        return None if is_acknowledged else STOPPING_AGAIN_S


def secret_from_token(token: str) -> str:
    """Return the secret of a bot's webhook: the same in every process, and it says nothing of the token."""
    return hmac.new(token.encode(), b"tollgate webhook", sha256).hexdigest()
