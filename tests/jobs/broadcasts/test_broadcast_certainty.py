"""What a broadcast concludes from each answer to a copy: sent, refused, or unknown and never repeated."""

from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot
from aiogram.methods import CopyMessage, CopyMessages, TelegramMethod
from aiohttp import ServerDisconnectedError

from core.broadcasts import Broadcast, BroadcastStatus
from core.jobs import JobOutcome
from database.operations import user_ops
from schedulers.jobs import broadcast_sending
from schedulers.jobs.broadcast_calls import RecipientCalls
from sender import lanes
from tests.house import USER_BOT, House
from tests.jobs.broadcasts.broadcasts import add_subscribers, give_turns, queue, reread, send, states, store_album
from tests.unit.sender.telegram import Answer, flood, lost, never_connected, raw, refusal

ITEMS = 3
RESTART = refusal(500, "Internal Server Error: restart")


def one_of_several(status: int, number: int, reason: str) -> Answer:
    prefix = {400: "Bad Request", 403: "Forbidden"}[status]
    return refusal(status, f'{prefix}: failed to send message #{number} with the error message "{reason}"')


#: answer, what becomes of the recipient of one message, what becomes of the recipient of an album
TABLE: dict[str, tuple[Answer, str, str]] = {
    "400": (refusal(400, "Bad Request: something new"), "failed", "failed"),
    "400 failed #2": (one_of_several(400, 2, "SOMETHING_NEW"), "failed", "unknown"),
    "400 flood inside": (one_of_several(400, 1, "Too Many Requests: retry after 8"), "failed", "unknown"),
    "400 group": (refusal(400, "Bad Request: group send failed"), "failed", "unknown"),
    "400 voice": (refusal(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"), "failed", "failed"),
    "403": (refusal(403, "Forbidden: bot was blocked by the user"), "blocked", "blocked"),
    "403 failed #1": (one_of_several(403, 1, "USER_IS_BLOCKED"), "blocked", "blocked"),
    "403 failed #2": (one_of_several(403, 2, "USER_IS_BLOCKED"), "failed", "unknown"),
    "406": (refusal(406, "USER_RESTRICTED"), "failed", "unknown"),
    "406 as 400": (refusal(400, "Bad Request: PAYMENT_UNSUPPORTED"), "failed", "unknown"),
    "413": (refusal(413, "Request Entity Too Large"), "failed", "failed"),
    "429": (flood(3), "sent", "unknown"),
    "429 longer than the limiter waits": (flood(90), "sent", "unknown"),
    "500": (refusal(500, "Internal Server Error: trouble"), "unknown", "unknown"),
    "500 restart": (RESTART, "unknown", "unknown"),
    "500 without words": (refusal(500, None), "unknown", "unknown"),
    "502 HTML": (raw(502, "<html>Bad Gateway</html>"), "unknown", "unknown"),
    "200 unreadable": (raw(200, '{"ok": true, "result": {"message_id": "?"}}'), "unknown", "unknown"),
    "time-out": (lost(TimeoutError()), "unknown", "unknown"),
    "reset": (lost(ServerDisconnectedError()), "unknown", "unknown"),
    "no connection": (never_connected(), "sent", "sent"),
}


@pytest.fixture(autouse=True)
def at_telegrams_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house has a very high rate limit; let as few calls wait and be in flight as at 30 a second."""
    monkeypatch.setattr(broadcast_sending, "QUEUED_S", 0.0)
    monkeypatch.setattr(broadcast_sending, "IN_FLIGHT_S", 0.0)


class Faulty:
    """Telegram gives `answer` to the first `times` copies to some people, after `leave` messages of each have left."""

    def __init__(
        self,
        house: House,
        monkeypatch: pytest.MonkeyPatch,
        answer: Answer,
        people: list[int],
        *,
        leave: int = 0,
        times: int = 1,
    ) -> None:
        self.left = dict.fromkeys(people, times)
        self._answer, self._leave = answer, leave
        session = house.base.user_bot.session
        self._real = session.make_request
        monkeypatch.setattr(session, "make_request", self._make_request)

    async def _make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:
        if not isinstance(method, CopyMessage | CopyMessages) or self.left.get(int(method.chat_id), 0) == 0:
            return await self._real(bot, method, timeout=timeout)
        self.left[int(method.chat_id)] -= 1
        if isinstance(method, CopyMessage):
            if self._leave:
                await self._real(bot, method, timeout=timeout)
        elif self._leave:
            some = method.model_copy(update={"message_ids": method.message_ids[: self._leave]})
            await self._real(bot, some, timeout=timeout)
        return self._answer(method)


async def sent_until_over(house: House, broadcast: Broadcast) -> Broadcast:
    async def sleep(seconds: float) -> None:
        await house.advance(seconds=seconds)
        await give_turns(0)

    for _ in range(3):
        await send(house, sleep=sleep)
        if (await reread(broadcast)).finished_at is not None:
            return await reread(broadcast)
    raise AssertionError("it is not over")


async def photos(house: House, user_id: int) -> int:
    transcript = await house.world.person(user_id).transcript(USER_BOT)
    return sum("photo" in message and message["deleted_at"] is None for message in transcript["messages"])


@pytest.mark.parametrize("items", [1, ITEMS], ids=["one", "album"])
@pytest.mark.parametrize("name", TABLE)
async def test_each_answer_leads_to_its_state_and_nobody_gets_anything_twice(
    house: House, monkeypatch: pytest.MonkeyPatch, name: str, items: int
) -> None:
    answer, state_of_one, state_of_album = TABLE[name]
    state = state_of_one if items == 1 else state_of_album
    hit, other = await add_subscribers(house, 2)
    leave = max(1, items - 1) if state == "unknown" else 0
    Faulty(house, monkeypatch, answer, [hit], leave=leave)
    broadcast = await queue(house, await store_album(house, items))
    ended = await sent_until_over(house, broadcast)
    assert ended.status is BroadcastStatus.SENT
    assert await states(broadcast) == {hit: state, other: "sent"}
    there = {"unknown": leave, "sent": items}.get(state, 0)
    assert (await photos(house, hit), await photos(house, other)) == (there, items)


@pytest.mark.parametrize(
    ("answer", "items", "meanwhile", "at_the_end"),
    [
        (refusal(401, "Unauthorized"), 1, "pending", "sent"),
        (refusal(401, "Unauthorized"), ITEMS, "unknown", "unknown"),
        (refusal(409, "Conflict: terminated by other getUpdates request"), 1, "pending", "sent"),
        (refusal(409, "Conflict: terminated by other getUpdates request"), ITEMS, "pending", "sent"),
    ],
)
async def test_a_refused_bot_stops_the_run_and_what_may_have_left_is_unknown(
    house: House, monkeypatch: pytest.MonkeyPatch, answer: Answer, items: int, meanwhile: str, at_the_end: str
) -> None:
    hit, other = await add_subscribers(house, 2)
    Faulty(house, monkeypatch, answer, [hit, other], leave=1 if meanwhile == "unknown" else 0)
    broadcast = await queue(house, await store_album(house, items))
    report = await send(house)
    assert report.outcome is JobOutcome.FAILED
    assert (await reread(broadcast)).status is BroadcastStatus.SENDING
    assert (await states(broadcast))[hit] == meanwhile
    monkeypatch.undo()
    await sent_until_over(house, broadcast)
    assert (await states(broadcast))[hit] == at_the_end
    assert await photos(house, hit) == (1 if at_the_end == "unknown" else items)


async def test_after_a_restart_of_the_bot_api_server_nobody_has_it_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 12)
    Faulty(house, monkeypatch, RESTART, people[2:6], leave=1, times=4)
    broadcast = await queue(house, await store_album(house, 1))
    ended = await sent_until_over(house, broadcast)
    assert ended.counts == {"sent": 8, "unknown": 4}
    assert [await photos(house, person) for person in people] == [1] * 12


async def test_flood_control_of_an_album_pauses_all_recipients(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    people = await add_subscribers(house, 5)
    Faulty(house, monkeypatch, flood(40), people[:1], leave=2)
    broadcast = await queue(house, await store_album(house))

    async def sleep(seconds: float) -> None:
        await house.advance(seconds=seconds)
        await give_turns(0)

    began = house.clock.now()
    await send(house, sleep=sleep)
    assert (await reread(broadcast)).counts == {"sent": 4, "unknown": 1}
    # the house's clock goes on by itself, too: a slow machine has less to skip
    assert house.clock.now() - began >= timedelta(seconds=39)


@pytest.mark.parametrize("items", [1, ITEMS], ids=["one", "album"])
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("CHAT_FORWARDS_RESTRICTED", "restricts saving content"),
        ("message has protected content and can't be forwarded", "restricts saving content"),
        ("MEDIA_EMPTY", "Telegram refuses it"),
        ("MEDIA_CAPTION_TOO_LONG", "Telegram refuses it"),
        ("DOCUMENT_INVALID", "Telegram refuses it"),
    ],
)
async def test_what_every_recipient_would_be_refused_stops_it_with_the_reason(
    house: House, monkeypatch: pytest.MonkeyPatch, code: str, words: str, items: int
) -> None:
    people = await add_subscribers(house, 12)
    Faulty(house, monkeypatch, refusal(400, f"Bad Request: {code}"), people)
    ended = await sent_until_over(house, await queue(house, await store_album(house, items)))
    assert ended.status is BroadcastStatus.FAILED
    assert words in (ended.error or "")
    assert ended.counts["pending"] >= 5


async def test_an_album_refused_at_its_first_message_stops_it_although_its_recipients_are_unknown(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 12)
    answer = one_of_several(400, 1, "Message has protected content and can't be forwarded")
    Faulty(house, monkeypatch, answer, people)
    broadcast = await queue(house, await store_album(house))
    ended = await sent_until_over(house, broadcast)
    assert ended.status is BroadcastStatus.FAILED
    assert "restricts saving content" in (ended.error or "")
    assert set((await states(broadcast)).values()) == {"unknown", "pending"}


async def test_people_who_forbid_voice_messages_neither_stop_it_nor_count_as_having_blocked_the_bot(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = await add_subscribers(house, 8)
    Faulty(house, monkeypatch, refusal(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"), people[:5])
    ended = await sent_until_over(house, await queue(house, await store_album(house, 1)))
    assert (ended.status, ended.counts) == (BroadcastStatus.SENT, {"sent": 3, "failed": 5})
    user = await user_ops.find(people[0])
    assert user is not None
    assert user.blocked_at is None


async def test_no_copy_of_a_broadcast_is_made_at_least_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_subscribers(house, 2)
    found: list[bool] = []
    real = RecipientCalls.send

    async def send_to(calls: RecipientCalls, user_id: int) -> Any:
        found.append(lanes.is_at_least_once())
        return await real(calls, user_id)

    monkeypatch.setattr(RecipientCalls, "send", send_to)
    await sent_until_over(house, await queue(house))
    assert found == [False, False]
