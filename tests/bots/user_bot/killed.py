"""Deliveries as a process that was killed leaves them in the database."""

from datetime import timedelta

from core.delivery_states import LEASE_FOR, Delivery
from core.posts import Post
from core.users import User
from database.operations import delivery_ops, user_credits, user_ops
from database.operations.delivery_ops import Claim, NewDelivery
from tests.house import ALICE, USER_BOT, House

BOT = 1002
#: the update that the killed process was handling
CUT_OFF = "message 9"
#: longer than a lease
LAPSE = LEASE_FOR + timedelta(seconds=1)


async def kill_while_sending(
    house: House,
    post: Post,
    user_id: int = ALICE,
    *,
    update_key: str = CUT_OFF,
    ago: timedelta = LAPSE,
    is_paid: bool = False,
    bot_id: int = BOT,
    sweep_after: int | None = None,
) -> Claim:
    """Leave the row as a kill -9 between its start, `ago` before now, and Telegram's answer does."""
    if await user_ops.find(user_id) is None:
        await house.world.person(user_id).text(USER_BOT, "/start")
        await house.settle()
    minutes = 30 if post.delete_after_minutes is None else post.delete_after_minutes
    started_at = house.base.clock.now() - ago
    claim = await delivery_ops.start(
        NewDelivery(
            bot_id=bot_id,
            user_id=user_id,
            post_code=post.code,
            update_key=update_key,
            owner="a process that was killed",
            now=started_at,
            delete_at=started_at + timedelta(minutes=minutes) if minutes else None,
            sweep_after=sweep_after,
        )
    )
    assert claim is not None
    if is_paid:
        assert await user_credits.spend_credit(user_id, post.code, update_key, started_at) is not None
    return claim


async def row(post: Post, user_id: int = ALICE) -> Delivery:
    """Return the row of the last delivery of `post`, which there must be."""
    found = await delivery_ops.find(BOT, user_id, post.code)
    assert found is not None
    return found


async def reader(user_id: int = ALICE) -> User:
    """Return a subscriber's record as it is stored now."""
    user = await user_ops.find(user_id)
    assert user is not None
    return user


async def texts(house: House, user_id: int = ALICE) -> list[str]:
    """Return the texts the user bot sent to a subscriber."""
    seen = await house.world.person(user_id).transcript(USER_BOT)
    return [message.get("text", "") for message in seen["messages"] if message["outgoing"]]


async def count_interruptions(house: House, user_id: int = ALICE) -> int:
    """Count how often a subscriber was told of an interruption."""
    return sum("I was interrupted" in text for text in await texts(house, user_id))


async def count_copies(house: House) -> int:
    """Count the calls that copy a post."""
    return len(await house.calls("copyMessages"))
