"""What verification costs: a link, and the way back that pays."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest

from core.verification import Token
from database.operations import token_ops
from tests.house import ALICE, USER_BOT, House, running_house
from tests.operations.counts.counting import Cost, Wire, counted
from tests.operations.counts.test_deliveries import DELIVERY_CALLS, DELIVERY_COMMANDS, SPEND_CREDIT

VISIT = Counter({"findAndModify users": 1})
#: the subscriber's open links, one whose replacement does not count, the day's count, the new link, and the shortener's
#: count
NEW_LINK = Counter(
    {
        "find tokens": 1,
        "findAndModify tokens": 1,
        "findAndModify token_generator_count": 1,
        "insert tokens": 1,
        "update shortener_days": 1,
    }
)
#: the opened post, and whether it is being delivered already
NEW_LINK_FOR_A_POST = NEW_LINK + Counter({"findAndModify posts": 1, "find deliveries": 1})
#: the gate message of the post is stored; and forgotten when the post comes
GATE_MESSAGE = Counter({"findAndModify users": 1})
#: found, redeemed, the credits paid to the subscriber, noted as paid, and the subscriber read for the answer
REDEEM = Counter(
    {"find tokens": 1, "findAndModify tokens": 1, "findAndModify users": 1, "update tokens": 1, "find users": 1}
)


@pytest.fixture
async def house(wire: Wire) -> AsyncIterator[House]:
    """Deliveries cost credits; links lead through a shortener to the page."""
    async with running_house(timers=False, shortener=True, PUBLIC_BASE_URL="https://posts.example.org") as house:
        # the first link of a process also asks for an incident it may close
        await house.bob.text(USER_BOT, "/token")
        yield house


async def new_link(house: House, wire: Wire) -> Cost:
    """Alice asks for a link."""
    async with counted(house, wire) as cost:
        await house.alice.text(USER_BOT, "/token")
    return cost


async def verified(house: House) -> Token:
    """Alice's one link, after she has confirmed its page."""
    (token,) = await token_ops.open_tokens(ALICE, house.base.clock.now())
    assert await token_ops.mark_verified(token.token, house.base.clock.now(), 60.0)
    return token


async def redeemed(house: House, wire: Wire, token: Token) -> Cost:
    """Alice comes back with `token`."""
    async with counted(house, wire) as cost:
        await house.alice.link(f"https://t.me/{USER_BOT}?start=v_{token.token}")
    return cost


async def test_link_costs_1_call_and_6_commands_redeeming_it_6_and_a_second_time_2(house: House, wire: Wire) -> None:
    link = await new_link(house, wire)
    token = await verified(house)
    first, second = await redeemed(house, wire, token), await redeemed(house, wire, token)
    assert link.calls == first.calls == second.calls == {"sendMessage": 1}
    assert link.commands == VISIT + NEW_LINK
    assert first.commands == VISIT + REDEEM
    assert second.commands == VISIT + Counter({"find tokens": 1})


async def test_post_without_a_credit_costs_1_call_and_9_commands_and_redeeming_its_link_3_and_11(
    house: House, wire: Wire
) -> None:
    post = await house.store()
    async with counted(house, wire) as link:
        await house.alice.link(house.link(post))
    assert link.calls == {"sendMessage": 1}
    # how far the try came
    assert link.commands == VISIT + NEW_LINK_FOR_A_POST + GATE_MESSAGE + Counter({"update tries": 1})
    cost = await redeemed(house, wire, await verified(house))
    assert cost.calls == DELIVERY_CALLS + Counter({"deleteMessage": 1})
    # the message under the post says what is left
    paid = REDEEM - Counter({"find users": 1})
    # no link of a post was opened, so it is only read
    counted_opening, reading = Counter({"findAndModify posts": 1}), Counter({"find posts": 1})
    # whether the post came in another way meanwhile
    looking = Counter({"find deliveries": 1})
    opening = DELIVERY_COMMANDS - counted_opening + reading
    assert cost.commands == opening + SPEND_CREDIT + paid + GATE_MESSAGE + looking
