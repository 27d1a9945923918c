"""Beside polling: explain deliveries whose process died, and pay out tokens that a crash left owed."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.clock import Clock
from core.delivery_states import LEASE_FOR, Delivery
from core.errors import TollgateError, UnreadableRow
from core.supervisor import Supervisor
from core.users import User
from core.verification import Token
from database.operations import settings_ops, token_ops
from sender.lanes import Lane, at_least_once, in_lane
from user_bot.delivery.interruptions import Interruptions
from user_bot.delivery.lapses import Lapses
from user_bot.gate.payout import pay
from user_bot.text_messages import send_text
from views.subscribers import gate_keyboards, gate_texts

log = structlog.get_logger("tollgate.recovery")

#: seconds between two rounds
ROUND_EVERY_S = 5.0
#: subscribers told at the same time
AT_ONCE = 10
#: seconds one of them may take; the message may be retried for half a minute
TELL_WITHIN_S = 60.0
#: a token that is owed for longer was redeemed by a process that died
OWED_FOR = LEASE_FOR
#: owed tokens read at once
BATCH = 100


class Recovery:
    """One per bot and process, for as long as it serves."""

    def __init__(self, bot: Bot, clock: Clock, zone: ZoneInfo, lapses: Lapses, interruptions: Interruptions) -> None:
        self._bot = bot
        self._clock = clock
        self._zone = zone
        self._lapses = lapses
        self._interruptions = interruptions
        #: what is being told -> id of the delivery or token
        self._telling: dict[asyncio.Task[None], str] = {}
        self._tasks = Supervisor()

    async def run(self) -> None:
        """Repeat `recover` until cancelled. An outage of the database only postpones."""
        try:
            while True:
                try:
                    await self.recover()
                except TollgateError as error:
                    log.warning("recovery.put_off", error=str(error))
                await self._clock.sleep(ROUND_EVERY_S)
        finally:
            await self._tasks.close()

    async def recover(self) -> int:
        """Pay what is owed and explain what has lapsed; return how many deliveries and payments there were.

        AT_ONCE are explained at a time, those that wait longest first, and one that hangs holds up no other. Raises
        StoreUnavailable.
        """
        count = await self._pay_owed()
        #: tried in this call; what failed is tried again in the next
        tried: set[str] = set()
        while True:
            lapsed = await self._find_lapsed(tried)
            for delivery in lapsed:
                self._begin(self._explain(delivery), delivery.id)
                tried.add(delivery.id)
            count += len(lapsed)
            if not self._telling:
                return count
            await self._wait_for_one()

    def _begin(self, work: Coroutine[Any, Any, None], key: str) -> None:
        task = self._tasks.spawn(work, f"telling {key}")
        self._telling[task] = key
        task.add_done_callback(self._telling.pop)

    async def _wait_for_one(self) -> None:
        """Return when one who is being told was, or after ROUND_EVERY_S: others may have lapsed meanwhile."""
        is_over = self._tasks.spawn(self._clock.sleep(ROUND_EVERY_S), "recovery round")
        try:
            await asyncio.wait({is_over, *self._telling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_over.cancel()

    async def _find_lapsed(self, tried: set[str]) -> list[Delivery]:
        # also while all places are taken, since only what was seen unchanged for long is found
        found = await self._lapses.find()
        return [one for one in found if one.id not in tried][: max(0, AT_ONCE - len(self._telling))]

    async def _explain(self, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(TELL_WITHIN_S):
                await self._interruptions.explain(delivery)
        except (TimeoutError, TollgateError) as error:
            # it lapses again
            log.info("recovery.put_off", error=type(error).__name__)

    async def _pay_owed(self) -> int:
        """Pay out tokens that some process redeemed and did not pay out; return how many. Idempotent.

        A process that is slow, not dead, pays nothing twice; it and this one tell the subscriber once.
        """
        count = 0
        #: of people whose row cannot be read: the others are paid all the same
        not_paid: set[str] = set()
        while owed := await self._find_owed(not_paid):
            for token in owed:
                now = self._clock.now()
                try:
                    user = await pay(token, await settings_ops.current(now), now)
                except UnreadableRow:
                    not_paid.add(token.token)
                    continue
                count += 1
                if await token_ops.mark_granted(token.token, now) and user is not None:
                    self._begin(self._tell_paid(user, token), token.token)
                while len(self._telling) >= AT_ONCE:
                    await self._wait_for_one()
        if count:
            log.warning("token.paid_late", count=count)
        return count

    async def _find_owed(self, without: set[str]) -> list[Token]:
        found = await token_ops.find_owed(self._clock.now() - OWED_FOR, BATCH + len(without))
        return [token for token in found if token.token not in without]

    async def _tell_paid(self, user: User, token: Token) -> None:
        text = gate_texts.unlocked(user.credits, user.pass_until, self._clock.now(), self._zone)
        button = gate_keyboards.get_it(token.post_code) if token.post_code else None
        try:
            async with asyncio.timeout(TELL_WITHIN_S):
                with in_lane(Lane.DELETION), at_least_once():
                    await send_text(self._bot, user.user_id, text, button)
        except TimeoutError:
            # what was earned is there, and /me shows it
            log.info("token.not_told", user_id=user.user_id)
