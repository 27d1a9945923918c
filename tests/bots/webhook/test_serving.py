"""UPDATES=webhook: the user bot takes what Telegram posts; changes between the two ways lose nothing."""

from collections.abc import AsyncIterator

import pytest

from tests.house import USER_BOT, House
from tests.webhooks import webhook_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with webhook_house() as house:
        yield house


async def test_a_post_is_delivered_to_who_opens_its_link(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.settle()
    seen = await house.alice.transcript(USER_BOT)
    assert [bool(m.get("photo")) for m in seen["messages"] if m["outgoing"] is False][:1] == [True]
    assert "getUpdates" not in {call["method"] for call in await house.world.calls(bot=USER_BOT)}
