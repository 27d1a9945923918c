"""Many people at a process of the product at once: what each got, and what the bot had taken and not answered."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sandbox.chats.actions import act
from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from sandbox.state.calls import Record
from sandbox.state.records import Bot, User
from tests.house import USER_BOT, people_and_channel

USER_BOT_ID = 1002
#: seconds by which the sandbox, in a process that others keep from the processor, may see one call later than the next;
#: it waits them out instead of refusing. Telegram's own server waits out eight
UNEVEN_S = 0.1
#: what Telegram documents, the burst as the sandbox's models count it
FLOOD_CONTROL: dict[str, float] = {
    "flood_per_s": 30,
    "flood_burst": 10,
    "flood_chat_per_s": 1,
    "flood_group_per_min": 20,
}
FLOOD_CONTROL |= {"flood_absorb_s": UNEVEN_S}
#: real seconds that a start and a rush may take on a busy machine
PATIENCE_S = 80.0


class Rush:
    """A sandbox and its people. What they got is read from the calls it has answered."""

    def __init__(self, sandbox: Sandbox, client: SandboxClient) -> None:
        self.sandbox = sandbox
        self.client = client
        self.copies: Counter[int] = Counter()
        #: who was told when their copy will be deleted, which is the last call of a delivery
        self.served: set[int] = set()
        self.interrupted: set[int] = set()
        self.answers: Counter[int] = Counter()
        self.deleted: set[int] = set()
        #: called with the person of each answered sendMessage
        self.on_answer: Callable[[int], None] = lambda person: None
        #: update -> who sent it
        self.requests: dict[int, int] = {}
        self.most_in_hand = 0
        #: monotonic seconds: the first getUpdates and the first answer to a person since `next_process`
        self.polled_at: float | None = None
        self.answered_at: float | None = None
        self._first_update = self.queue.next_id
        self._calls_before = 0
        self._keep = sandbox.world.calls.keep
        setattr(sandbox.world.calls, "keep", self._note)  # noqa: B010 - mypy refuses to assign to a method

    @property
    def bot(self) -> Bot:
        return self.sandbox.world.bots[USER_BOT_ID]

    @property
    def queue(self) -> Any:
        return self.bot.queue

    def add(self, people: range) -> None:
        for person in people:
            self.sandbox.world.add_user(User(person, "Alice"))

    def do(self, person: int, action: str, **more: Any) -> None:
        """Act as a person at once; the updates are remembered as theirs."""
        done = act(self.sandbox.world, {"as": person, "do": action, **more})
        self.requests |= dict.fromkeys(done["update_ids"], person)

    def in_hand(self) -> int:
        """Updates that the present process was given and whose sender got no answer yet."""
        given = range(self._first_update, self.queue.sent_up_to + 1)
        return sum(update in given and person not in self.answers for update, person in self.requests.items())

    def next_process(self) -> None:
        """Count what is in hand, and the first poll and answer, for the process that starts now."""
        self._first_update = min(self.kept(), default=self.queue.next_id)
        self._calls_before = self.sandbox.world.calls.last
        self.polled_at = self.answered_at = None

    def kept(self) -> set[int]:
        """The updates that are not confirmed."""
        return {item.update_id for item in self.queue._items}

    async def until(self, holds: Callable[[], bool]) -> None:
        assert await self.sandbox.world.changed.until(holds, PATIENCE_S), self.summary()

    async def until_polled(self) -> None:
        """Wait until both bots have asked for updates: a start takes half a minute on a busy machine."""
        await self.until(lambda: all(bot.has_polled for bot in self.sandbox.world.bots.values()))

    async def refused(self) -> dict[str, int]:
        """How often each bot met flood control."""
        return dict((await self.client.counters())["flood_429_by_bot"])

    def summary(self) -> str:
        return (
            f"{len(self.served)} served, {len(self.interrupted)} interrupted, {self.copies.total()} copies, "
            f"at most {self.most_in_hand} in hand, {len(self.queue)} with Telegram"
        )

    def _note(self, record: Record) -> None:
        self._keep(record)
        if record.bot_id != USER_BOT_ID or record.status != 200 or record.n <= self._calls_before:
            return
        if record.method == "getUpdates":
            self.polled_at = self.polled_at or time.monotonic() - record.duration_ms / 1000
        elif record.method in ("copyMessages", "sendMessage", "deleteMessages"):
            self._note_message(record.method, int(record.params["chat_id"]), record.params.get("text", ""))
        self.most_in_hand = max(self.most_in_hand, self.in_hand())

    def _note_message(self, method: str, person: int, text: str) -> None:
        if method == "deleteMessages":
            self.deleted.add(person)
            return
        self.answered_at = self.answered_at or time.monotonic()
        if method == "copyMessages":
            self.copies[person] += 1
            return
        self.answers[person] += 1
        if "Deleted in" in text:
            self.served.add(person)
        elif "was interrupted" in text:
            self.interrupted.add(person)
        self.on_answer(person)


@asynccontextmanager
async def rush() -> AsyncIterator[Rush]:
    """A sandbox with the house's people and channel, without flood control."""
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as client:
        await people_and_channel(client)
        yield Rush(sandbox, client)


def press_again(scene: Rush, person: int) -> None:
    """Press the button under the message about the interruption."""
    scene.do(person, "press", **{"in": USER_BOT}, text="Get it again")
