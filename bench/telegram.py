"""The sandbox and the people in front of it: the load generator lives in the sandbox's process.

A person opens a link by a function call and learns of the answer from the chat's own signal. So the generator costs
neither HTTP requests nor polling, and every time is taken where the message arrives.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sandbox.chats.actions import act
from sandbox.chats.posting import Draft, store
from sandbox.control.world_setup import load
from sandbox.server import Sandbox
from sandbox.state.world import Bot, Content, Dialog, Member, User

OWNER, STORAGE = 501, -1001000000001
#: the product in memory, the same with look-ups by key, the product on a server, and the bare bot
PRODUCT, KEYED, SERVED, BARE = MEASURED = (1002, 1003, 1004, 1005)
TOKENS = {bot: f"{bot}:sandbox-bench" for bot in MEASURED}
ADMIN_TOKEN = "1001:sandbox-bench"
#: channels that a figure may have people join; every bot is an administrator there
CHANNELS = (-1001000000011, -1001000000012, -1001000000013)
STORAGE_RIGHTS = {"can_post_messages": True, "can_edit_messages": True, "can_delete_messages": True}
FIRST_PERSON = 1_000_000
#: as long as the product's warning, formatted like it
WARNING = "This will be deleted in <b>30 minutes</b>, at 12:30 (UTC).\nSave what you want to keep before then."
#: a delivery that takes longer has failed
PATIENCE_S = 60.0


class NotDelivered(Exception):
    """The content or the warning did not arrive in time."""


@dataclass(slots=True)
class Load:
    """What one closed loop did. The first `warm_up` deliveries are in `done` alone."""

    warm_up: int
    #: from the end of the warm-up to the last warning
    seconds: float = 0.0
    #: seconds from opening the link to the warning, one per delivery
    waits: list[float] = field(default_factory=list)
    done: int = 0

    @property
    def per_second(self) -> float:
        return len(self.waits) / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a person has from a bot: the content and the warning."""

    user: User
    message_ids: tuple[int, ...]
    notice_id: int


class Telegram:
    """The world of the figures: a storage channel, the bots, and as many people as are asked for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url
        self.world = sandbox.world
        self._numbers = itertools.count(FIRST_PERSON)
        self._photo = self.world.files.add("photo")

    def arrange(self) -> None:
        """Bots, owner and channel; the call log off, no gaps between message ids."""
        self.world.config.log_calls = False
        self.world.config.id_gaps = 0
        load(self.world, _plan())

    def bot(self, bot_id: int) -> Bot:
        return self.world.bots[bot_id]

    def store(self, items: int) -> list[int]:
        """Put `items` photos into the storage channel; their message ids."""
        photos = (act(self.world, {"as": OWNER, "do": "media", "to": STORAGE, "kind": "photo"}) for _ in range(items))
        return [int(photo["message"]["message_id"]) for photo in photos]

    def new_person(self) -> User:
        number = next(self._numbers)
        return self.world.add_user(User(number, "Alice", username=f"alice{number}", language_code="en"))

    def put_into_channels(self, people: Sequence[User]) -> None:
        """Make them members of all `CHANNELS`, long ago: no bot is told of it."""
        for chat_id in CHANNELS:
            members = self.world.chats[chat_id].members
            members |= {user.id: Member(user.id, "member") for user in people}

    def put_delivery(self, bot_id: int, items: int) -> Delivery:
        """A new person who has `items` photos and a warning from the bot, written without any call."""
        bot, user = self.bot(bot_id), self.new_person()
        dialog = self.world.dialog(bot, user)
        dialog.is_started = dialog.is_seen = True
        contents = [*(Content("photo", file=self._photo) for _ in range(items)), Content("text", WARNING)]
        *photos, notice = (store(self.world, dialog, content, bot, Draft()).id for content in contents)
        return Delivery(user, tuple(photos), notice)

    def forget(self, people: Sequence[User]) -> None:
        """Take people and their chats out of the world, so that it does not grow from figure to figure."""
        for user in people:
            self.world.users.pop(user.id, None)
            self.world.names.pop(str(user.username), None)
            for chat_id in CHANNELS:
                self.world.chats[chat_id].members.pop(user.id, None)
            for bot_id in MEASURED:
                self.world.dialogs.pop((bot_id, user.id), None)

    def calls_of(self, bot_id: int) -> dict[str, int]:
        """Bot API calls of a bot so far by method, without getUpdates."""
        counts: dict[str, int] = self.world.calls.counters()["methods_by_bot"].get(str(bot_id), {})
        return {method: count for method, count in counts.items() if method != "getUpdates"}

    def advance(self, seconds: float) -> float:
        """Move the clock; the whole offset in seconds."""
        self.world.clock.advance(seconds)
        return self.world.clock.offset_s

    async def deliver(self, bot: Bot, user: User, code: str, items: int) -> float:
        """Open a post's link and wait for its `items` messages and the warning; the seconds it took."""
        dialog = self.world.dialog(bot, user)
        wanted = len(dialog.messages) + 1 + items + 1
        started = time.perf_counter()
        act(self.world, {"as": user.id, "do": "link", "url": f"https://t.me/{bot.username}?start=p_{code}"})
        if not await dialog.changed.until(lambda: len(dialog.messages) >= wanted, PATIENCE_S):
            raise NotDelivered(_seen(dialog, wanted))
        return time.perf_counter() - started

    async def deliver_to_all(self, bot_id: int, people: Sequence[User], code: str, items: int, at_once: int) -> None:
        """One post to each of `people`, `at_once` of them at the same time."""
        waiting, bot = iter(people), self.bot(bot_id)

        async def one_after_the_other() -> None:
            for user in waiting:
                await self.deliver(bot, user, code, items)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(one_after_the_other())

    def count_content(self, bot_id: int, people: Sequence[User]) -> int:
        """Messages with content, not the sentences, that these people still see from the bot."""
        bot = self.bot(bot_id)
        messages = itertools.chain.from_iterable(self.world.dialog(bot, user).messages.values() for user in people)
        return sum(message.deleted_at is None and not message.content.is_text for message in messages)

    async def closed_loop(
        self, bot_id: int, codes: Sequence[str], items: int, *, users: int, warm_up: int, counted: int
    ) -> Load:
        """`warm_up + counted` deliveries to `users` people at once; the next begins when a warning has arrived."""
        loop = _Loop(self, self.bot(bot_id), codes, items)
        try:
            return await loop.run(users, warm_up, counted)
        finally:
            self.forget(loop.people)


def _plan() -> dict[str, Any]:
    """As a world file: no bot gets updates about it."""
    tokens = [ADMIN_TOKEN, *TOKENS.values()]
    members: list[dict[str, Any]] = [{"id": OWNER, "status": "creator"}]
    members += [{"id": bot, "status": "administrator", "rights": STORAGE_RIGHTS} for bot in MEASURED]
    channels = {"Storage": STORAGE} | {f"Channel {number}": chat_id for number, chat_id in enumerate(CHANNELS, 1)}
    return {
        "bots": [
            {"token": token, "username": f"bench_{number}_bot", "first_name": "Bench"}
            for number, token in enumerate(tokens)
        ],
        "users": [{"id": OWNER, "first_name": "Olive"}],
        "chats": [
            {"type": "channel", "title": title, "id": chat_id, "members": members}
            for title, chat_id in channels.items()
        ],
    }


def _seen(dialog: Dialog, wanted: int) -> str:
    last = next(reversed(dialog.messages.values()), None)
    text = last.content.text[:80] if last is not None else ""
    return f"{len(dialog.messages)} of {wanted} messages after {PATIENCE_S:.0f} s; the last: {text!r}"


class _Loop:
    """One closed loop. A person opens each post once and makes room for a new one.

    So neither the guard against double taps (a person and a post, 3 s) nor the limit of one message per chat and
    second after a burst of five says anything about the throughput.
    """

    def __init__(self, telegram: Telegram, bot: Bot, codes: Sequence[str], items: int) -> None:
        self.people: list[User] = []
        self._telegram = telegram
        self._bot = bot
        self._codes = codes
        self._items = items
        self._begun = 0
        self._counted_from = 0.0

    async def run(self, users: int, warm_up: int, counted: int) -> Load:
        load = Load(warm_up)
        async with asyncio.TaskGroup() as group:
            for _ in range(users):
                group.create_task(self._one_after_the_other(load, warm_up + counted))
        load.seconds = time.perf_counter() - self._counted_from
        return load

    async def _one_after_the_other(self, load: Load, wanted: int) -> None:
        for user, code in self._wishes():
            if self._begun == wanted:
                return
            self._begun += 1
            wait_s = await self._telegram.deliver(self._bot, user, code, self._items)
            load.done += 1
            if load.done > load.warm_up:
                load.waits.append(wait_s)
            elif load.done == load.warm_up:
                self._counted_from = time.perf_counter()

    def _wishes(self) -> Iterator[tuple[User, str]]:
        while True:
            user = self._telegram.new_person()
            self.people.append(user)
            for code in self._codes:
                yield user, code


@asynccontextmanager
async def telegram() -> AsyncIterator[Telegram]:
    """A sandbox in this process with the world of the figures."""
    async with Sandbox(seed=1).running(port=0) as sandbox:
        running = Telegram(sandbox)
        running.arrange()
        yield running
