"""Gift links: made once, shown with what became of them, and ended before their time."""

from zoneinfo import ZoneInfo

from admin_bot.audit import note
from core.clock import Clock
from core.gifts.records import Gift, GiftTerms
from core.ids import is_code, new_code
from database.operations.people import gift_ops
from views.links import gift_link
from views.people import gifts as views
from views.screens import Screen

#: what a new link gives until something else is chosen
_FIRST = GiftTerms(credits=10)


class GiftService:
    """Makes and ends gift links."""

    def __init__(self, username: str, clock: Clock, zone: ZoneInfo) -> None:
        """`username`: the user bot's."""
        self._username = username
        self._clock = clock
        self._zone = zone

    def begin(self) -> Screen:
        """Return the terms to choose from, for a new code."""
        return views.terms_screen(_FIRST, new_code())

    async def make(self, admin_id: int, terms: GiftTerms, code: str) -> Screen | None:
        """Make the link, or show it if it was made before; None for terms or a code nobody was offered."""
        if not is_code(code) or bool(terms.credits) == bool(terms.days):
            return None
        now = self._clock.now()
        gift = terms.gift(code, admin_id, now)
        if await gift_ops.create(gift):
            after = {"credits": gift.credits, "days": gift.days, "is_for_one": gift.is_for_one}
            await note(now, admin_id, "person.gift_made", code, None, after | {"until": gift.expires_at})
            return self._screen(gift, 0)
        return await self.screen(code)

    async def open_links(self, page: int) -> Screen:
        """Return a page of the links that have not ended; two commands."""
        now = self._clock.now()
        found, has_more = await gift_ops.find_open(now, skip=page * views.PAGE, limit=views.PAGE)
        claimed = await gift_ops.count_claims_of([one.code for one in found])
        return views.open_gifts(found, claimed, now, self._zone, page=page, has_more=has_more)

    async def screen(self, code: str) -> Screen | None:
        """Show a link as it is now; None when it was removed."""
        gift = await gift_ops.find(code)
        return None if gift is None else self._screen(gift, await gift_ops.count_claims(code))

    async def cancel(self, admin_id: int, code: str) -> Screen | None:
        """End a link; what was claimed before stays. None when it was removed."""
        now = self._clock.now()
        if await gift_ops.cancel(code, now):
            await note(now, admin_id, "person.gift_cancelled", code)
        return await self.screen(code)

    def _screen(self, gift: Gift, claimed: int) -> Screen:
        link = gift_link(self._username, gift.code)
        return views.made(gift, link, claimed, self._clock.now(), self._zone)
