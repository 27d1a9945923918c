"""Gift links: each pays as often as it says, and what a crash left claimed is paid later."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot

from core.access import Banned
from core.clock import Clock
from core.delivery_states import LEASE_FOR
from core.errors import TollgateError, UnreadableRow
from core.gifts.records import GiftClaim, GiftState, state_of
from core.users import User, is_banned
from database.operations import user_credits
from database.operations.people import gift_ops
from database.team import Team
from sender.lanes import Lane, in_lane
from user_bot.text_messages import send_text
from views.catalogues import speaking_to
from views.subscribers import gift_texts
from views.subscribers import texts as user_texts

log = structlog.get_logger("tollgate.gifts")

#: seconds between two looks for what is owed
LOOK_EVERY_S = 30.0
#: a claim that is owed for longer was made by a process that died
OWED_FOR = LEASE_FOR
#: owed claims read at once
BATCH = 100


class Gifts:
    """One per bot and process; public methods may run concurrently."""

    def __init__(self, bot: Bot, team: Team, clock: Clock, zone: ZoneInfo) -> None:
        self._bot = bot
        self._team = team
        self._clock = clock
        self._zone = zone

    async def redeem(self, user: User, code: str) -> None:
        """Give the subscriber what the link of this code gives, once, and say so. Idempotent.

        Raises StoreUnavailable; then it may be called again.
        """
        now = self._clock.now()
        if is_banned(user, now):
            refused = user_texts.banned(Banned(user.ban_reason, user.banned_until), now, self._zone)
            await send_text(self._bot, user.user_id, refused)
            return
        await send_text(self._bot, user.user_id, await self._redeemed(user, code))

    async def _redeemed(self, user: User, code: str) -> str:
        """Claim and pay; return what the subscriber reads."""
        now, gift = self._clock.now(), await gift_ops.find(code)
        if gift is None:
            return gift_texts.over(None)
        claim = await gift_ops.find_claim(gift, user.user_id)
        if claim is None:
            state = state_of(gift, now)
            if state is not GiftState.OPEN:
                return gift_texts.over(state)
            claim = await gift_ops.claim(gift, user.user_id, now)
        if claim is None:
            return gift_texts.taken()
        if not claim.is_owed:
            return gift_texts.already_yours(user, now, self._zone)
        paid = await self._pay(claim)
        return gift_texts.received(paid or user, claim.credits, claim.days, now, self._zone)

    async def _pay(self, claim: GiftClaim) -> User | None:
        """Pay a claim out, once however often it is called; None when the subscriber is not stored any more."""
        now = self._clock.now()
        granted = await user_credits.grant(
            claim.user_id, f"gift {claim.code}", now, credits=claim.credits, pass_for=timedelta(days=claim.days)
        )
        await gift_ops.mark_paid(claim.id, now)
        return None if granted is None else granted.user

    async def run(self) -> None:
        """Repeat `pay_owed` until cancelled. An outage of the database only postpones."""
        while True:
            try:
                await self.pay_owed()
            except TollgateError as error:
                log.warning("gift.put_off", error=str(error))
            await self._clock.sleep(LOOK_EVERY_S)

    async def pay_owed(self) -> int:
        """Pay what some process claimed and did not pay out, and tell the subscribers; return how many.

        A process that is slow, not dead, pays nothing twice. Raises StoreUnavailable.
        """
        count = 0
        #: of people whose row cannot be read: the others are paid all the same
        not_paid: set[str] = set()
        while owed := await self._find_owed(not_paid):
            for claim in owed:
                try:
                    user = await self._pay(claim)
                except UnreadableRow:
                    not_paid.add(claim.id)
                    continue
                count += 1
                if user is not None:
                    await self._tell(user, claim)
        if count:
            log.warning("gift.paid_late", count=count)
        return count

    async def _find_owed(self, without: set[str]) -> list[GiftClaim]:
        found = await gift_ops.find_owed(self._clock.now() - OWED_FOR, BATCH + len(without))
        return [claim for claim in found if claim.id not in without]

    async def _tell(self, user: User, claim: GiftClaim) -> None:
        # beside the updates nobody's language is spoken yet
        with speaking_to(user.chosen_language, user.language, *await self._team.owner_languages()):
            text = gift_texts.received(user, claim.credits, claim.days, self._clock.now(), self._zone)
        with in_lane(Lane.DELETION):
            await send_text(self._bot, user.user_id, text, may_duplicate=False)
