"""A link that the opening of another post redeems, while the link is being opened, still delivers its own post."""

from datetime import datetime
from typing import Any

import pytest

from core.verification import Token
from database.operations import settings_ops, token_ops
from tests.house import ALICE, USER_BOT, House
from user_bot.gate.payout import pay_out


async def test_link_redeemed_after_it_was_read_delivers_its_post(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await settings_ops.change("access_mode", "credits")
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    await house.advance(seconds=40)
    (token,) = await token_ops.open_tokens(ALICE, house.base.clock.now())
    redeem = token_ops.redeem

    async def redeem_second(text: str, user_id: int, now: datetime, **more: Any) -> Token | None:
        redeemed = await redeem(text, user_id, now, **more)
        if redeemed is not None:
            assert await pay_out(redeemed, await settings_ops.current(now), now)
        return await redeem(text, user_id, now, **more)

    monkeypatch.setattr(token_ops, "redeem", redeem_second)
    await house.alice.link(f"https://t.me/{USER_BOT}?start=v_{token.token}")
    await house.settle()
    assert len(await house.calls("copyMessages")) == 1
