"""Row 21: flood control, on a manual clock."""

import asyncio
from dataclasses import dataclass

import pytest

from sandbox.errors import ApiError
from sandbox.state.flood import CHAT_BURST, IN_FLIGHT_S, SWEEP_AT, Cut, Flood
from sandbox.state.records import Config
from tests.sandbox.conftest import Town

BOT, OTHER_BOT = 1001, 1002
GROUP = (-100500, "supergroup")


@dataclass
class Limiter:
    """A Flood with its settings and a manual clock."""

    config: Config
    flood: Flood
    now: float = 1000.0
    people: int = 7000
    slept: float = 0.0
    cut: Cut | None = None

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
        """Make one call, without `chat` to a new person. Returns the seconds its 429 asks for, 0 when it is allowed."""
        self.people += 1
        try:
            place = chat or (self.people, "private")
            self.cut = await self.flood.admit(self.config, bot, method, place, params or {})
        except ApiError as error:
            assert error.status == 429
            assert error.parameters is not None
            return int(error.parameters["retry_after"])
        return 0

    async def calls(self, count: int, method: str = "sendMessage", chat: tuple[int, str] | None = None) -> list[int]:
        return [await self.call(method, chat) for _ in range(count)]


@pytest.fixture
def limiter() -> Limiter:
    config = Config()
    config.switch_flood_on(30)
    made = Limiter(config, Flood())
    made.flood.monotonic = lambda: made.now
    made.flood.sleep = made.sleep
    return made


async def test_thirty_in_any_second_pass_and_the_next_is_refused(limiter: Limiter) -> None:
    await limiter.calls(15)
    limiter.now += 0.9
    assert await limiter.calls(15) == [0] * 15
    assert await limiter.call() == 1
    assert limiter.flood.counters() == {"flood_429": 1, "flood_429_by_bot": {str(BOT): 1}, "flood_absorbed": 0}


async def test_the_window_of_a_second_slides(limiter: Limiter) -> None:
    await limiter.calls(15)
    limiter.now += 0.9
    await limiter.calls(15)
    limiter.now += 0.1
    assert await limiter.calls(15) == [0] * 15
    assert await limiter.call() == 1


async def test_a_second_ends_exactly_after_one_second(limiter: Limiter) -> None:
    await limiter.calls(30)
    limiter.now += 1.0 - 1e-6
    assert await limiter.call() == 1


async def test_each_bot_has_its_own_window(limiter: Limiter) -> None:
    await limiter.calls(31)
    assert await limiter.call(bot=OTHER_BOT) == 0


@pytest.mark.parametrize(
    "method", ["deleteMessage", "deleteMessages", "sendChatAction", "copyMessage", "editMessageText"]
)
async def test_deletes_actions_copies_and_edits_count(limiter: Limiter, method: str) -> None:
    assert (await limiter.calls(31, method))[-1] == 1


@pytest.mark.parametrize("method", ["getUpdates", "getChatMember", "getMe", "answerCallbackQuery"])
async def test_reading_and_answering_callbacks_are_not_counted(limiter: Limiter, method: str) -> None:
    await limiter.calls(31)
    assert await limiter.calls(40, method) == [0] * 40


async def test_an_album_counts_once_for_the_bot_unless_configured(limiter: Limiter) -> None:
    album = {"message_ids": "[1,2,3,4,5,6,7,8,9,10]"}
    limiter.config.flood_chat_per_s = 0
    assert [await limiter.call("copyMessages", params=album) for _ in range(4)] == [0] * 4
    limiter.config.flood_items = True
    limiter.now += 1
    assert [await limiter.call("copyMessages", params=album) for _ in range(4)] == [0, 0, 0, 1]


async def test_broken_items_count_as_one(limiter: Limiter) -> None:
    limiter.config.flood_items = True
    for broken in ("[1,2", "7", '{"a": 1}', "[]"):
        assert await limiter.call("copyMessages", params={"message_ids": broken}) == 0


async def test_more_items_than_the_limit_cost_one_window(limiter: Limiter) -> None:
    limiter.config.flood_items = True
    album = {"message_ids": str(list(range(100)))}
    assert await limiter.call("copyMessages", params=album) == 0
    assert await limiter.call() == 1
    limiter.now += 1.0
    assert await limiter.call() == 0


async def test_a_person_gets_a_burst_and_then_one_message_a_second(limiter: Limiter) -> None:
    alice = (7, "private")
    assert await limiter.calls(CHAT_BURST, chat=alice) == [0] * CHAT_BURST
    assert await limiter.call(chat=alice) == 1
    limiter.now += 1.0
    assert await limiter.call(chat=alice) == 0
    assert await limiter.call(chat=alice) == 1
    assert await limiter.call() == 0, "others are not held up"


async def test_deleting_does_not_count_for_the_chat(limiter: Limiter) -> None:
    assert await limiter.calls(20, "deleteMessage", chat=(7, "private")) == [0] * 20


async def test_a_group_gets_twenty_messages_a_minute_with_items_and_edits(limiter: Limiter) -> None:
    album = {"media": str([{}] * 10).replace("'", '"')}
    assert await limiter.call("sendMediaGroup", chat=GROUP, params=album) == 0
    assert await limiter.calls(5, chat=GROUP) == [0] * 5
    assert await limiter.calls(5, "editMessageText", chat=GROUP) == [0] * 5
    limiter.now += 10.0
    assert await limiter.call("pinChatMessage", chat=GROUP) == 50
    limiter.now += 50.0
    assert await limiter.call(chat=GROUP) == 0


async def test_a_channel_has_no_limit_per_minute(limiter: Limiter) -> None:
    assert await limiter.calls(29, chat=(-1009, "channel")) == [0] * 29


async def test_a_429_blocks_only_its_chat(limiter: Limiter) -> None:
    alice = (7, "private")
    await limiter.calls(30)
    limiter.now += 0.9
    assert await limiter.call(chat=alice) == 1
    limiter.now += 0.3
    assert await limiter.call(chat=alice) == 1, "the bot's second is over, her wait is not"
    assert await limiter.call() == 0
    limiter.now += 0.7
    assert await limiter.call(chat=alice) == 0


async def test_a_429_can_be_configured_to_block_the_whole_bot(limiter: Limiter) -> None:
    limiter.config.flood_blocks_bot = True
    await limiter.calls(30)
    limiter.now += 0.9
    assert await limiter.call() == 1
    limiter.now += 0.5
    assert await limiter.call() == 1, "the second is over, the wait is not"
    limiter.now += 0.5
    assert await limiter.call() == 0


async def test_the_limit_of_a_group_blocks_no_other_chat(limiter: Limiter) -> None:
    limiter.config.flood_blocks_bot = True
    await limiter.calls(31)
    limiter.now += 1.0
    await limiter.calls(20, chat=GROUP)
    assert await limiter.call(chat=GROUP) == 60
    assert await limiter.call() == 0


@pytest.mark.parametrize("chat", [(7, "private"), None])
async def test_calls_that_ignore_a_429_double_the_wait(limiter: Limiter, chat: tuple[int, str] | None) -> None:
    limiter.config.flood_blocks_bot = chat is None
    await limiter.calls(30)
    assert await limiter.call(chat=chat) == 1
    found = []
    for _ in range(14):
        limiter.now += IN_FLIGHT_S + 0.01
        found.append(await limiter.call(chat=chat))
    assert found[:4] == [2, 4, 8, 16]
    assert max(found) == found[-1] == limiter.config.flood_longest_s == 3600


async def test_calls_sent_before_the_429_was_read_do_not_extend_the_wait(limiter: Limiter) -> None:
    await limiter.calls(30)
    assert [await limiter.call() for _ in range(100)] == [1] * 100
    limiter.now += 1.0
    assert await limiter.call() == 0


async def test_a_call_after_the_full_wait_is_allowed_again(limiter: Limiter) -> None:
    for _ in range(5):
        await limiter.calls(30)
        assert await limiter.call() == 1
        limiter.now += 1.0


async def test_a_chat_that_waited_is_not_penalised_for_others(limiter: Limiter) -> None:
    limiter.config.flood_blocks_bot = True
    await limiter.calls(30)
    alice = (7, "private")
    assert await limiter.call(chat=alice) == 1
    limiter.now += 0.6
    assert await limiter.call() == 2, "somebody else calls on"
    limiter.now += 0.4
    assert await limiter.call(chat=alice) == 2, "her second is over, the other one's wait is not"
    limiter.now += 1.6
    assert await limiter.call(chat=alice) == 0


@pytest.mark.parametrize("blocks_bot", [True, False])
async def test_all_chats_succeed_when_each_waits_as_long_as_asked(limiter: Limiter, *, blocks_bot: bool) -> None:
    """Reading the answers takes 4 ms."""
    limiter.config.flood_blocks_bot = blocks_bot
    left = {user_id: 0.0 for user_id in range(300)}
    for _ in range(3000):
        user_id = min(left, key=lambda one: left[one])
        limiter.now = max(limiter.now, left[user_id]) + 0.004
        wait_s = await limiter.call(chat=(user_id, "private"))
        if not wait_s:
            del left[user_id]
        else:
            left[user_id] = limiter.now + wait_s
        if not left:
            break
    assert left == {}
    assert limiter.now < 1000 + 60


async def test_refused_calls_are_not_counted(limiter: Limiter) -> None:
    await limiter.calls(130)
    limiter.now += 1.0
    assert await limiter.calls(30) == [0] * 30


async def test_short_waits_are_absorbed_as_latency(limiter: Limiter) -> None:
    limiter.config.flood_absorb_s = 8.0
    began = limiter.now
    assert await limiter.calls(61) == [0] * 61
    assert limiter.now - began == pytest.approx(2.0)
    assert (limiter.flood.counters()["flood_429"], limiter.flood.counters()["flood_absorbed"]) == (0, 2)


async def test_longer_waits_are_not_absorbed(limiter: Limiter) -> None:
    limiter.config.flood_absorb_s = 8.0
    await limiter.calls(20, chat=GROUP)
    limiter.now += 51.9
    assert await limiter.call(chat=GROUP) == 9
    assert limiter.slept == 0


async def test_the_absorbed_waits_of_one_call_are_limited_in_total(limiter: Limiter) -> None:
    """Waiting calls wake for the same free place; those that do not get one in time are refused."""
    limiter.config.flood_absorb_s = 1.5
    limiter.config.flood_per_s = 1
    clock = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await clock.wait()

    limiter.flood.sleep = sleep
    assert await limiter.call() == 0
    held = [asyncio.create_task(limiter.call()) for _ in range(3)]
    await asyncio.sleep(0)
    limiter.now += 1.0
    clock.set()
    assert sorted([await call for call in held]) == [0, 1, 1]


async def test_idle_chats_are_dropped(limiter: Limiter) -> None:
    limiter.config.flood_per_s = 0
    await limiter.calls(SWEEP_AT)
    limiter.now += 1.0
    await limiter.call()
    assert len(limiter.flood._chats) == 1


async def test_flood_control_is_off_by_default(town: Town) -> None:
    for _ in range(40):
        assert (await town.shop("sendMessage", chat_id=7002, text="x")).status == 200
    assert (await town.client.counters())["flood_429"] == 0


async def test_over_http_it_has_header_and_counters_and_ignores_the_sandbox_clock(town: Town) -> None:
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


async def test_a_group_addressed_by_username_has_the_same_limit(town: Town) -> None:
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
