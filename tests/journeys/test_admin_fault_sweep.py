"""One fault at each kind of call, at every step of an owner: she gets the result or a sentence, and nothing twice."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.posts import PostFilter
from core.subscriptions import Channel
from database.operations import audit_ops, channel_ops
from database.operations.posts import post_search
from tests.house import ADMIN_BOT, OLIVE, USER_BOT, House

pytestmark = pytest.mark.sweep

Json = dict[str, Any]
LINK = re.compile(r'"invite_link":"([^"]+)"')

METHODS = (
    "copyMessages",
    "sendMessage",
    "editMessageText",
    "deleteMessage",
    "answerCallbackQuery",
)
#: the calls that managing a channel to join makes, and the bot that makes them
OF_CHANNELS = (
    (ADMIN_BOT, "sendMessage"),
    (ADMIN_BOT, "editMessageText"),
    (ADMIN_BOT, "answerCallbackQuery"),
    (ADMIN_BOT, "deleteMessage"),
    (USER_BOT, "getChat"),
    (USER_BOT, "getChatMember"),
    (USER_BOT, "createChatInviteLink"),
    (USER_BOT, "revokeChatInviteLink"),
)
FAULTS: dict[str, Json] = {"flood": {"retry_after": 3}, "html": {"status": 502}, "drop_before": {}, "drop_after": {}}


@dataclass(frozen=True)
class Step:
    """An action of the owner, and the text that she must see after it."""

    act: Callable[[House], Awaitable[Any]]
    reads: str


def write(text: str) -> Callable[[House], Awaitable[Any]]:
    return lambda house: house.olive.text(ADMIN_BOT, text)


def press(text: str) -> Callable[[House], Awaitable[Any]]:
    return lambda house: house.olive.press(ADMIN_BOT, text)


#: texts that ask her to try again
AGAIN = ("did not confirm", "try again in a moment")
POSTING = Step(lambda house: house.olive.media(ADMIN_BOT, "photo", caption="Rome"), "is saved")
WAY = (
    POSTING,
    Step(write("/start"), "Send me anything to make a post."),
    Step(write("/posts ro"), "with “"),
    Step(press("1 · Rome"), "saving allowed"),
    Step(press("Content"), "Photo × 1"),
    Step(press("Replace all"), "New messages for post 1"),
    Step(write("new"), "1 message so far"),
    Step(press("Done"), "has new content"),
    Step(press("Card"), "saving allowed"),
    Step(press("Remove"), "Remove post 1?"),
    Step(press("Remove"), "its link opens nothing"),
)

NEWS, FIRST_POST = -1001000000301, 2


def forward_news(house: House) -> Awaitable[Any]:
    return house.olive.forward(ADMIN_BOT, NEWS, [FIRST_POST])


CHANNELS = (
    Step(write("/channels"), "No channel yet"),
    Step(press("Connect a channel"), "Which one?"),
    Step(forward_news, "Subscribers must join it"),
    Step(press("Counts: members"), "Subscribers must join it"),
    Step(press("Required: on"), "Nobody has to join it now"),
    Step(press("Remove"), "from your channels?"),
    Step(press("Remove News"), "No channel yet"),
)


async def seen_after(house: House, step: Step) -> list[str]:
    """Take the step; return the texts it showed the owner: messages, edits, toasts."""
    since = (await house.olive.transcript(ADMIN_BOT))["seq"]
    await step.act(house)
    await house.settle()
    # the counter of a batch is edited by a task of its own, behind the handler
    while edits := [task for task in house.base.tasks._tasks if task.get_name().startswith("status ")]:
        await asyncio.wait(edits, timeout=20)
        await house.settle()
    new = await house.olive.transcript(ADMIN_BOT, since=since)
    texts = [m.get("text", "") for m in new["messages"] if m["outgoing"] and m["deleted_at"] is None]
    return texts + [toast.get("text") or "" for toast in new["toasts"]]


def says(texts: list[str], *sentences: str) -> bool:
    return any(sentence in text for sentence in sentences for text in texts)


async def walk(house: House, step: Step, fault: Json) -> int:
    """Take one step with a fault, and once more if the bot asks for it. Return the number of calls the fault hit."""
    fault_id = await house.world.fault(**{"bot": ADMIN_BOT, **fault})
    texts = await seen_after(house, step)
    planned = (await house.world.request("GET", "faults"))["faults"]
    await house.world.clear_faults(fault_id)
    if not says(texts, step.reads) or (says(texts, *AGAIN) and step is not POSTING):
        assert says(texts, *AGAIN), texts
        texts = await seen_after(house, step)
        assert says(texts, step.reads), texts
    return sum(fault["hits"] for fault in planned)


def errors(logs: list[Any], is_answer_lost: bool) -> list[Any]:
    """The entries logged as errors.

    With `is_answer_lost`, `update.failed` is expected and left out: the owner's error message quotes its id.
    """
    return [
        entry
        for entry in logs
        if entry["log_level"] in ("error", "critical") and not (is_answer_lost and entry["event"] == "update.failed")
    ]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", FAULTS)
async def test_any_fault_at_any_step_of_a_post(
    house: House, kind: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.clock.in_tasks.pop("status ")
    with capture_logs() as logs:
        hits = [await walk(house, step, {"kind": kind, "method": method, **FAULTS[kind]}) for step in WAY]
    assert sum(hits) > 0, "no call was hit"
    sent = [m for m in (await house.olive.transcript(ADMIN_BOT))["messages"] if m.get("photo") and not m["outgoing"]]
    made, _ = await post_search.search(None, skip=0, limit=100, show=PostFilter.ALL)
    assert len(made) <= len(sent)
    assert (await house.world.counters())["ignored_429"] == 0
    assert errors(logs, method == "sendMessage") == []
    assert [record for record in caplog.records if record.exc_info] == []


async def live_links(house: House) -> set[str]:
    """The channel's invite links that have not been revoked."""
    made = await house.world.calls(method="createChatInviteLink", bot=USER_BOT)
    revoked = await house.world.calls(method="revokeChatInviteLink", bot=USER_BOT)
    gone = {call["params"]["invite_link"] for call in revoked if call["ok"]}
    return {link for call in made for link in LINK.findall(call["result_preview"])} - gone


@pytest.mark.parametrize(("bot", "method"), OF_CHANNELS)
@pytest.mark.parametrize("kind", FAULTS)
async def test_any_fault_at_any_step_of_a_channel(
    house: House, kind: str, bot: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    await house.world.add_chat("channel", "News", OLIVE, id=NEWS)
    await house.world.set_member(NEWS, 1002, "administrator", can_invite_users=True)
    posted = await house.olive.text(NEWS, "hello")
    assert posted["message"]["message_id"] == FIRST_POST
    await house.settle()
    hits, stood = 0, list[Channel]()
    with capture_logs() as logs:
        for step in CHANNELS:
            hits += await walk(house, step, {"kind": kind, "method": method, "bot": bot, **FAULTS[kind]})
            stood = list(await channel_ops.load()) or stood
            assert len(stood) <= 1
            assert {one.invite_link for one in await channel_ops.load()} <= await live_links(house)
    assert hits > 0, "no call was hit"
    assert await channel_ops.load() == ()
    assert stood[0].is_paused
    actions = [entry.action for entry in (await audit_ops.last(100))[::-1]]
    assert (actions[0], actions[-1], actions.count("channel.added")) == ("channel.added", "channel.removed", 1)
    sent = [m for m in (await house.olive.transcript(ADMIN_BOT))["messages"] if m.get("text") == "hello"]
    assert sent
    assert await post_search.search(None, skip=0, limit=10, show=PostFilter.ALL) == ([], False)
    assert (await house.world.counters())["ignored_429"] == 0
    assert errors(logs, method == "sendMessage") == []
    assert [record for record in caplog.records if record.exc_info] == []
