"""Row 21: flood control, on a clock of the tests; nothing here waits."""

import asyncio
from dataclasses import dataclass

import pytest

from sandbox.errors import ApiError
from sandbox.state.flood import CHAT_BURST, IN_FLIGHT_S, LONGEST_WAIT_S, SWEEP_AT, Flood
from sandbox.state.world import Config
from tests.sandbox.conftest import Town

BOT, OTHER_BOT = 1001, 1002
GROUP = (-100500, "supergroup")


@dataclass
class Door:
    """A flood control, its settings, and the hand that turns its clock."""

    config: Config
    flood: Flood
    now: float = 1000.0
    people: int = 7000
    slept: float = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += seconds

    async def call(
        self,
        method: str = "sendMessage",
        chat: tuple[int, str] | None = None,
        bot: int = BOT,
        params: dict[str, str] | None = None,
    ) -> int:
        """One call, to somebody new when nobody is named; seconds it is told to wait, 0 when it is let through."""
        self.people += 1
        try:
            await self.flood.admit(self.config, bot, method, chat or (self.people, "private"), params or {})
        except ApiError as error:
            assert error.status == 429
            assert error.parameters is not None
            return int(error.parameters["retry_after"])
        return 0

    async def calls(self, count: int, method: str = "sendMessage", chat: tuple[int, str] | None = None) -> list[int]:
        return [await self.call(method, chat) for _ in range(count)]


@pytest.fixture
def door() -> Door:
    config = Config()
    config.switch_flood_on(30)
    made = Door(config, Flood())
    made.flood.monotonic = lambda: made.now
    made.flood.sleep = made.sleep
    return made


async def test_thirty_in_any_second_pass_and_the_next_is_refused(door: Door) -> None:
    await door.calls(15)
    door.now += 0.9
    assert await door.calls(15) == [0] * 15
    assert await door.call() == 1
    assert door.flood.counters() == {"flood_429": 1, "flood_429_by_bot": {str(BOT): 1}, "flood_absorbed": 0}


async def test_the_second_slides(door: Door) -> None:
    await door.calls(15)
    door.now += 0.9
    await door.calls(15)
    door.now += 0.1
    assert await door.calls(15) == [0] * 15
    assert await door.call() == 1


async def test_a_second_ends_exactly_after_one_second(door: Door) -> None:
    await door.calls(30)
    door.now += 1.0 - 1e-6
    assert await door.call() == 1


async def test_each_bot_has_its_own_second(door: Door) -> None:
    await door.calls(31)
    assert await door.call(bot=OTHER_BOT) == 0


@pytest.mark.parametrize(
    "method", ["deleteMessage", "deleteMessages", "sendChatAction", "copyMessage", "editMessageText"]
)
async def test_deletes_actions_copies_and_edits_count(door: Door, method: str) -> None:
    assert (await door.calls(31, method))[-1] == 1


@pytest.mark.parametrize("method", ["getUpdates", "getChatMember", "getMe", "answerCallbackQuery"])
async def test_reading_and_answering_buttons_are_free(door: Door, method: str) -> None:
    await door.calls(31)
    assert await door.calls(40, method) == [0] * 40


async def test_an_album_is_one_call_of_the_bot_unless_told_otherwise(door: Door) -> None:
    album = {"message_ids": "[1,2,3,4,5,6,7,8,9,10]"}
    door.config.flood_chat_per_s = 0
    assert [await door.call("copyMessages", params=album) for _ in range(4)] == [0] * 4
    door.config.flood_items = True
    door.now += 1
    assert [await door.call("copyMessages", params=album) for _ in range(4)] == [0, 0, 0, 1]


async def test_broken_items_count_as_one(door: Door) -> None:
    door.config.flood_items = True
    for broken in ("[1,2", "7", '{"a": 1}', "[]"):
        assert await door.call("copyMessages", params={"message_ids": broken}) == 0


async def test_more_items_than_the_limit_cost_one_second_not_for_ever(door: Door) -> None:
    door.config.flood_items = True
    album = {"message_ids": str(list(range(100)))}
    assert await door.call("copyMessages", params=album) == 0
    assert await door.call() == 1
    door.now += 1.0
    assert await door.call() == 0


async def test_a_person_takes_a_burst_and_then_one_a_second(door: Door) -> None:
    alice = (7, "private")
    assert await door.calls(CHAT_BURST, chat=alice) == [0] * CHAT_BURST
    assert await door.call(chat=alice) == 1
    door.now += 1.0
    assert await door.call(chat=alice) == 0
    assert await door.call(chat=alice) == 1
    assert await door.call() == 0, "others are not held up"


async def test_deleting_is_no_message_to_the_person(door: Door) -> None:
    assert await door.calls(20, "deleteMessage", chat=(7, "private")) == [0] * 20


async def test_a_group_takes_twenty_a_minute_items_and_edits_too(door: Door) -> None:
    album = {"media": str([{}] * 10).replace("'", '"')}
    assert await door.call("sendMediaGroup", chat=GROUP, params=album) == 0
    assert await door.calls(5, chat=GROUP) == [0] * 5
    assert await door.calls(5, "editMessageText", chat=GROUP) == [0] * 5
    door.now += 10.0
    assert await door.call("pinChatMessage", chat=GROUP) == 50
    door.now += 50.0
    assert await door.call(chat=GROUP) == 0


async def test_a_channel_has_no_minute(door: Door) -> None:
    assert await door.calls(29, chat=(-1009, "channel")) == [0] * 29


async def test_a_chat_gets_nothing_before_its_wait_is_over_and_others_do(door: Door) -> None:
    alice = (7, "private")
    await door.calls(30)
    door.now += 0.9
    assert await door.call(chat=alice) == 1
    door.now += 0.3
    assert await door.call(chat=alice) == 1, "the bot's second is over, her wait is not"
    assert await door.call() == 0
    door.now += 0.7
    assert await door.call(chat=alice) == 0


async def test_a_429_can_be_made_to_hold_back_the_whole_bot(door: Door) -> None:
    door.config.flood_blocks_bot = True
    await door.calls(30)
    door.now += 0.9
    assert await door.call() == 1
    door.now += 0.5
    assert await door.call() == 1, "the second is over, the wait is not"
    door.now += 0.5
    assert await door.call() == 0


async def test_the_limit_of_a_group_holds_back_no_other_chat(door: Door) -> None:
    door.config.flood_blocks_bot = True
    await door.calls(20, chat=GROUP)
    assert await door.call(chat=GROUP) == 60
    assert await door.call() == 0


@pytest.mark.parametrize("chat", [(7, "private"), None])
async def test_calling_on_makes_the_wait_longer_each_time(door: Door, chat: tuple[int, str] | None) -> None:
    door.config.flood_blocks_bot = chat is None
    await door.calls(30)
    assert await door.call(chat=chat) == 1
    found = []
    for _ in range(14):
        door.now += IN_FLIGHT_S + 0.01
        found.append(await door.call(chat=chat))
    assert found[:4] == [2, 4, 8, 16]
    assert max(found) == found[-1] == LONGEST_WAIT_S


async def test_calls_that_left_before_the_answer_make_nothing_longer(door: Door) -> None:
    await door.calls(30)
    assert [await door.call() for _ in range(100)] == [1] * 100
    door.now += 1.0
    assert await door.call() == 0


async def test_who_waited_begins_anew(door: Door) -> None:
    for _ in range(5):
        await door.calls(30)
        assert await door.call() == 1
        door.now += 1.0


async def test_who_waited_as_told_is_not_blamed_for_others(door: Door) -> None:
    door.config.flood_blocks_bot = True
    await door.calls(30)
    alice = (7, "private")
    assert await door.call(chat=alice) == 1
    door.now += 0.6
    assert await door.call() == 2, "somebody else calls on"
    door.now += 0.4
    assert await door.call(chat=alice) == 2, "her second is over, the other one's wait is not"
    door.now += 1.6
    assert await door.call(chat=alice) == 0


@pytest.mark.parametrize("blocks_bot", [True, False])
async def test_everybody_at_once_gets_through_when_all_wait_as_told(door: Door, *, blocks_bot: bool) -> None:
    """Reading the answers takes longer than a moment."""
    door.config.flood_blocks_bot = blocks_bot
    left = {user_id: 0.0 for user_id in range(300)}
    for _ in range(3000):
        user_id = min(left, key=lambda one: left[one])
        door.now = max(door.now, left[user_id]) + 0.004
        told = await door.call(chat=(user_id, "private"))
        if not told:
            del left[user_id]
        else:
            left[user_id] = door.now + told
        if not left:
            break
    assert left == {}
    assert door.now < 1000 + 60


async def test_refused_calls_take_nothing_from_the_next_second(door: Door) -> None:
    await door.calls(130)
    door.now += 1.0
    assert await door.calls(30) == [0] * 30


async def test_short_waits_are_absorbed_as_latency(door: Door) -> None:
    door.config.flood_absorb_s = 8.0
    began = door.now
    assert await door.calls(61) == [0] * 61
    assert door.now - began == pytest.approx(2.0)
    assert (door.flood.counters()["flood_429"], door.flood.counters()["flood_absorbed"]) == (0, 2)


async def test_longer_waits_are_not_absorbed(door: Door) -> None:
    door.config.flood_absorb_s = 8.0
    await door.calls(20, chat=GROUP)
    door.now += 51.9
    assert await door.call(chat=GROUP) == 9
    assert door.slept == 0


async def test_all_waits_of_one_call_together_are_absorbed_only_so_far(door: Door) -> None:
    """Everybody who was held wakes for the same place; who does not get one in time is refused."""
    door.config.flood_absorb_s = 1.5
    door.config.flood_per_s = 1
    clock = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await clock.wait()

    door.flood.sleep = sleep
    assert await door.call() == 0
    held = [asyncio.create_task(door.call()) for _ in range(3)]
    await asyncio.sleep(0)
    door.now += 1.0
    clock.set()
    assert sorted([await call for call in held]) == [0, 1, 1]


async def test_chats_at_rest_are_forgotten(door: Door) -> None:
    door.config.flood_per_s = 0
    await door.calls(SWEEP_AT)
    door.now += 1.0
    await door.call()
    assert len(door.flood._chats) == 1


async def test_off_by_default(town: Town) -> None:
    for _ in range(40):
        assert (await town.shop("sendMessage", chat_id=7002, text="x")).status == 200
    assert (await town.client.counters())["flood_429"] == 0


async def test_over_http_with_header_and_counters_and_whatever_the_clock_says(town: Town) -> None:
    town.sandbox.world.flood.monotonic = lambda: 5.0
    shown = await town.client.configure(flood_per_s=3)
    assert (shown["flood_per_s"], shown["flood_absorb_s"]) == (3, 0.0)
    for _ in range(3):
        assert (await town.shop("sendMessage", chat_id=7002, text="x")).status == 200
    await town.client.advance(3600)
    refused = await town.shop("sendMessage", chat_id=7002, text="x")
    assert (refused.error, refused.headers["Retry-After"]) == ("Too Many Requests: retry after 1", "1")
    assert (await town.shop("getMe")).status == 200
    assert (await town.client.counters())["flood_429_by_bot"] == {"1001": 1}
    assert len((await town.alice.transcript("shop_bot"))["messages"]) == 4  # with her /start


async def test_a_group_by_its_name_is_the_same_group(town: Town) -> None:
    town.sandbox.world.flood.monotonic = lambda: 5.0
    group = await town.client.add_chat("supergroup", "Talk", 7001, username="the_talk")
    await town.client.set_member(group, 1001, "administrator")
    await town.client.configure(flood_group_per_min=2)
    assert (await town.shop("sendMessage", chat_id="@the_talk", text="x")).status == 200
    assert (await town.shop("sendMessage", chat_id=group, text="x")).status == 200
    assert (await town.shop("sendMessage", chat_id="@the_talk", text="x")).body["parameters"] == {"retry_after": 60}


async def test_failed_calls_count_too(town: Town) -> None:
    town.sandbox.world.flood.monotonic = lambda: 5.0
    await town.client.configure(flood_per_s=2)
    for _ in range(2):
        assert (await town.shop("sendMessage", chat_id=999, text="x")).status == 400
    assert (await town.shop("sendMessage", chat_id=7002, text="x")).status == 429
