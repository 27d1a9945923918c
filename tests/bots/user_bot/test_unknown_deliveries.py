"""A post that may have arrived, in part or whole: told once, never sent again, never charged, bounded for the sweep."""

from collections.abc import AsyncIterator, Callable

import pytest
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import CopyMessages

from core.delivery_states import DeliveryState
from core.posts import Post
from database.operations import deletion_ops
from tests.bots.user_bot.killed import count_copies, reader, row, texts
from tests.bots.user_bot.telegram_calls import HeldCopies, PartialCopies, on_the_way
from tests.house import ALICE, USER_BOT, House, house_with_credits

WRAPPED = 'Bad Request: failed to send message #4 with the error message "Bad Request: VOICE_MESSAGES_FORBIDDEN"'
#: answers after which messages of the call may have arrived
ANSWERS: dict[str, Callable[[CopyMessages], Exception]] = {
    "429": lambda method: TelegramRetryAfter(method=method, message="Too Many Requests: retry after 3", retry_after=3),
    "500": lambda method: TelegramServerError(method=method, message="Internal Server Error: Request aborted"),
    "restart": lambda method: TelegramServerError(method=method, message="Internal Server Error: restart"),
    "401": lambda method: TelegramUnauthorizedError(method=method, message="Unauthorized"),
    "406": lambda method: TelegramAPIError(method=method, message="Not Acceptable: UPDATE_APP_TO_LOGIN"),
    "wrapped": lambda method: TelegramBadRequest(method=method, message=WRAPPED),
}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Alice has two credits."""
    async with house_with_credits(2) as house:
        yield house


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_post_of_which_three_of_six_arrived_is_told_once_and_bounded(house: House, answer: str) -> None:
    post = await house.store(items=6)
    partial = PartialCopies(3, ANSWERS[answer])
    with on_the_way(house, partial):
        await house.alice.link(house.link(post))
        await house.alice.wait(USER_BOT, contains="did not confirm")
        await house.settle()
    assert partial.calls == 1
    await assert_three_arrived_and_are_bounded(house, post)


async def test_a_partial_answer_of_the_sandbox_is_told_once_and_bounded(house: House) -> None:
    post = await house.store(items=6)
    await house.world.fault("partial", method="copyMessages", bot=USER_BOT, deliver=3)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="did not confirm")
    await house.settle()
    await assert_three_arrived_and_are_bounded(house, post)


async def assert_three_arrived_and_are_bounded(house: House, post: Post) -> None:
    """One call, one sentence, no charge; and the ids between the bounds are those of the three copies."""
    assert await count_copies(house) == 1
    told = [text for text in await texts(house) if "did not confirm" in text]
    assert len(told) == 1
    assert "Nothing was charged." in told[0]
    assert (await reader()).credits == 2
    seen = (await house.alice.transcript(USER_BOT))["messages"]
    arrived = [m["message_id"] for m in seen if m["outgoing"] and m.get("photo")]
    assert len(arrived) == 3
    unknown = await row(post)
    assert (unknown.state, unknown.message_ids) == (DeliveryState.UNKNOWN, ())
    assert unknown.sweep_after is not None
    assert unknown.sweep_before is not None
    between = [m["message_id"] for m in seen if unknown.sweep_after < m["message_id"] < unknown.sweep_before]
    assert [one for one in between if one not in unknown.known_ids] == arrived
    (promise,) = await deletion_ops.open_deliveries(ALICE, 10)
    assert promise.notice_message_id == unknown.sweep_before


async def test_what_a_subscriber_writes_meanwhile_is_not_taken_for_a_copy(house: House) -> None:
    post, held = await house.store(items=2), HeldCopies(is_answer=True)
    partial = PartialCopies(2, ANSWERS["500"])
    with on_the_way(house, partial), on_the_way(house, held):
        await house.alice.link(house.link(post))
        await held.called.wait()
        written = await house.alice.text(USER_BOT, "/help")
        await house.alice.wait(USER_BOT, contains="A post may ask you")
        held.go_on.set()
        await house.alice.wait(USER_BOT, contains="did not confirm", since=0)
        await house.settle()
    unknown = await row(post)
    seen = (await house.alice.transcript(USER_BOT))["messages"]
    helped = next(m["message_id"] for m in seen if "A post may ask you" in m.get("text", ""))
    assert unknown.known_ids == (written["message"]["message_id"], helped)


async def test_the_button_delivers_at_once_and_both_rows_are_promised(house: House) -> None:
    """Within a second: the sentence says to press when nothing appears."""
    post = await house.store(items=6)
    with on_the_way(house, PartialCopies(3, ANSWERS["500"])):
        await house.alice.link(house.link(post))
        await house.alice.wait(USER_BOT, contains="did not confirm")
        await house.settle()
    first = await row(post)
    await house.alice.press(USER_BOT, "Try again")
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    second = await row(post)
    assert (second.state, len(second.message_ids)) == (DeliveryState.SENT, 6)
    assert (await reader()).credits == 1
    aside = next(one for one in await deletion_ops.open_deliveries(ALICE, 10) if one.id != second.id)
    assert (aside.message_ids, aside.notice_message_id) == ((), first.notice_message_id)


async def test_a_refused_post_may_be_asked_for_again_at_once(house: House) -> None:
    post = await house.store()
    why = {"status": 400, "description": "Bad Request: SOMETHING_NEW"}
    await house.world.fault("error", method="copyMessages", bot=USER_BOT, **why)
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="did not work")
    await house.settle()
    refused = await row(post)
    assert (refused.state, refused.delete_at, refused.opened_at) == (DeliveryState.REFUSED, None, None)
    await house.alice.press(USER_BOT, "Try again")
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    assert ((await row(post)).state, (await reader()).credits) == (DeliveryState.SENT, 1)


async def test_an_unknown_delivery_leaves_the_copies_of_the_one_before_promised(house: House) -> None:
    post = await house.store()
    await house.alice.link(house.link(post))
    await house.alice.wait(USER_BOT, contains="30 min")
    await house.settle()
    before = await row(post)
    await house.advance(seconds=5)
    with on_the_way(house, PartialCopies(0, ANSWERS["500"])):
        await house.alice.forge_callback(USER_BOT, f"sendagain:{post.code}")
        await house.alice.wait(USER_BOT, contains="did not confirm")
        await house.settle()
    assert (await reader()).credits == 1, "the first was paid, and its copy stands"
    promises = await deletion_ops.open_deliveries(ALICE, 10)
    assert sorted(promise.message_ids for promise in promises) == [(), before.message_ids]
