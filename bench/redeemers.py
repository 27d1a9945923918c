"""People who all come back with one token at once, without Telegram. `python -m bench.redeemers`.

Several such processes share the database in MONGO_URI and MONGO_DB; in memory there is one.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, TextIO

from bench.line import answer_lines, take_stdout
from bench.naive_redeem import naive_client, redeem_naively
from core.access import earned
from core.ids import new_token
from core.settings import BotSettings
from core.users import Visitor
from core.verification import Token
from database.connection import Database, close_database, open_database
from database.indexes import ensure_indexes
from database.operations import token_ops, user_ops
from user_bot.gate.payout import pay_out

PERSON = 1_000_000
HOLDS_FOR = timedelta(days=2)

#: one redeem; whether it was the one that pays
Redeem = Callable[[], Awaitable[bool]]


class Desk:
    """What the bench may ask of the redeemers."""

    def __init__(self, database: Database, settings: BotSettings) -> None:
        self._database = database
        self._settings = settings

    async def arrange(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """A person without credits and their token, verified by its page."""
        now, token = self._database.now(), new_token()
        await ensure_indexes(self._database)
        await user_ops.upsert_visitor(Visitor(user_id=PERSON), now)
        await self._database.collection("users").update_one({"user_id": PERSON}, {"$set": {"credits": 0}})
        await token_ops.add(
            Token(token=token, user_id=PERSON, has_page=True, created_at=now, expires_at=now + HOLDS_FOR)
        )
        await token_ops.mark_verified(token, now, 60.0)
        return {"token": token}

    async def warm(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """Let connections stand; without them the first redeem is over before the last one leaves."""
        for _ in range(2):
            await asyncio.gather(*(self._database.ping() for _ in range(wish["connections"])))
        return {}

    async def redeem(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """`calls` at once: redeem, and pay out what was redeemed, as the bot does."""

        async def once() -> bool:
            now = self._database.now()
            token = await token_ops.redeem(wish["token"], PERSON, now)
            return token is not None and await pay_out(token, self._settings, now) is not None

        return await _race(once, wish)

    async def pay_out(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """`calls` at once pay out a token that was redeemed and not paid out, as after a crash."""
        token = await token_ops.find(wish["token"])
        assert token is not None

        async def once() -> bool:
            return await pay_out(token, self._settings, self._database.now()) is not None

        return await _race(once, wish)

    async def take(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """Redeem the token and pay nothing out: here comes the crash."""
        return {"winners": await token_ops.redeem(wish["token"], PERSON, self._database.now()) is not None}

    async def naively(self, wish: dict[str, Any]) -> Mapping[str, Any]:
        """`calls` at once: look whether it is redeemed, then write; on a server alone."""
        pays = earned(self._settings).credits
        async with naive_client(os.environ["MONGO_URI"], wish["connections"]) as client:
            rows = client[self._database.name]
            await asyncio.gather(*(rows.command("ping") for _ in range(wish["connections"])))
            return await _race(lambda: redeem_naively(rows, wish["token"], PERSON, pays), wish)

    async def credits(self, _: dict[str, Any]) -> Mapping[str, Any]:
        """What the person has, and what one verification pays."""
        user = await user_ops.find(PERSON)
        assert user is not None
        return {"credits": user.credits, "earned": earned(self._settings).credits}


async def _race(once: Redeem, wish: Mapping[str, Any]) -> Mapping[str, Any]:
    """`calls` of `once` from the instant `start_at` of the machine's clock on; who won, and when the last ended."""
    await asyncio.sleep(max(0.0, wish["start_at"] - time.time()))
    won = await asyncio.gather(*(once() for _ in range(wish["calls"])))
    return {"winners": sum(won), "ended_at": time.time()}


async def main(answers: TextIO) -> None:
    database = await open_database(os.environ["MONGO_URI"], os.environ["MONGO_DB"])
    desk = Desk(database, BotSettings())
    deeds = (desk.arrange, desk.warm, desk.redeem, desk.take, desk.pay_out, desk.naively, desk.credits)
    await answer_lines({deed.__name__: deed for deed in deeds}, answers)
    await close_database()


if __name__ == "__main__":
    asyncio.run(main(take_stdout()))
