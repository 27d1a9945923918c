"""One way to send, one audience, one result: what the figures of broadcasts are made of."""

from collections.abc import Sequence
from typing import Any

from bench.broadcast_arrivals import Arrivals, Sent, sent
from bench.subject import Subject
from bench.telegram import Telegram
from sandbox.state.flood import Flood
from sandbox.state.world import User

#: of a hundred people so many have blocked the bot, and so many accounts are gone
BLOCKED_PERCENT, GONE_PERCENT = 7, 1


class Scene:
    """The sandbox with one stored message. A new log and a new flood control for each sender."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.world = telegram.world
        (self.message_id,) = telegram.store(1)
        self.arrivals = Arrivals()
        self.begin()

    def begin(self) -> None:
        """Forget what arrived."""
        self.arrivals = self.world.calls = Arrivals()
        self.world.flood = Flood()

    def limit(self, per_s: int, latency_ms: int) -> None:
        """Flood control of `per_s` calls a second, 0 for none, and the latency of each call."""
        config = self.world.config
        config.latency_ms = latency_ms
        config.switch_flood_on(per_s)
        if not per_s:
            config.flood_chat_per_s, config.flood_group_per_min = 0.0, 0

    def audience(self, bot_id: int, count: int, *, some_are_gone: bool = False) -> list[User]:
        """People with ascending ids who started the bot; with `some_are_gone` not all of them can be reached."""
        people = [self.telegram.new_person() for _ in range(count)]
        for number, user in enumerate(people):
            dialog = self.world.dialog(self.world.bots[bot_id], user)
            dialog.is_started = dialog.is_seen = True
            if some_are_gone and number % 100 < BLOCKED_PERCENT:
                dialog.is_blocked = True
            elif some_are_gone and number % 100 < BLOCKED_PERCENT + GONE_PERCENT:
                self.world.retire(user)
        return people

    async def by_product(
        self, product: Subject, bot_id: int, count: int, *, some_are_gone: bool = False
    ) -> tuple[Sent, dict[str, Any]]:
        """A broadcast by the engine to `count` new people; and what the product says of it."""
        people = await self.ready(product, bot_id, count, some_are_gone=some_are_gone)
        begun = await product.ask("begin", message_id=self.message_id)
        ended = await product.ask("ended")
        return self._result(bot_id, people, begun["begun_at"]), {**begun, **ended}

    async def ready(
        self, product: Subject, bot_id: int, count: int, *, posts: int = 0, some_are_gone: bool = False
    ) -> list[User]:
        """An empty store with `count` new people in it."""
        people = self.audience(bot_id, count, some_are_gone=some_are_gone)
        self.codes = await product.fresh([self.message_id], posts)
        await product.ask("settle", first=people[0].id, count=count)
        self.begin()
        return people

    async def by_rival(self, rivals: Subject, bot_id: int, count: int, deed: str, **how: Any) -> Sent:
        """The same by one of `bench.broadcast_rivals`."""
        people = self.audience(bot_id, count)
        self.begin()
        begun = await rivals.ask(deed, first=people[0].id, count=count, message_id=self.message_id, **how)
        return self._result(bot_id, people, begun["begun_at"])

    def result(self, bot_id: int, asked: int, begun_at: float) -> Sent:
        """What arrived since `begin`."""
        arrivals = self.arrivals
        refused = self.world.flood.counters()["flood_429_by_bot"]
        assert isinstance(refused, dict)
        twice = sum(times - 1 for (bot, _), times in arrivals.copies.items() if bot == bot_id)
        return sent(asked, begun_at, arrivals.moments[bot_id], refused.get(str(bot_id), 0), twice)

    def _result(self, bot_id: int, people: Sequence[User], begun_at: float) -> Sent:
        found = self.result(bot_id, len(people), begun_at)
        self.telegram.forget(people)
        return found
