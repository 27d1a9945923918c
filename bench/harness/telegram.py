"""The sandbox and its subscribers, in the bench's own process.

A subscriber opens a link by a function call and notices the answer by the chat's own signal. So the load costs neither
HTTP requests nor polling, and every time is taken where the message arrives.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.harness.call_times import CallTimes
from bench.harness.numbers import ratio
from bench.harness.stores import Store
from sandbox.chats.actions import act
from sandbox.chats.posting import Draft, store
from sandbox.control.world_setup import add_chat, load
from sandbox.server import Sandbox
from sandbox.state.flood import Flood
from sandbox.state.records import Bot, Content, Dialog, Member, User

OWNER, STORAGE = 501, -1001000000001
#: the product in memory, the product on a server, and the bot it is compared with
PRODUCT, SERVED, BARE = MEASURED = (1002, 1003, 1004)
TOKENS = {bot: f"{bot}:sandbox-bench" for bot in MEASURED}
ADMIN, ADMIN_TOKEN = 1001, "1001:sandbox-bench"
STORAGE_RIGHTS = {"can_post_messages": True, "can_edit_messages": True, "can_delete_messages": True}
FIRST_SUBSCRIBER = 1_000_000
#: a rate of the product that is never reached, in calls a second; above what its configuration takes
UNLIMITED_PER_S = 100_000.0
#: as long as the product's notice, formatted like it
NOTICE = "Deleted in 30 min, at 12:30 (UTC). Save what you need."
#: a delivery that takes longer has failed, in seconds
DELIVERY_TIMEOUT_S = 60.0


class NotDelivered(Exception):
    """The content or the notice did not arrive in time."""


def bot_on(store: Store) -> int:
    """Return the id of the product's bot that works on `store`."""
    return PRODUCT if store.is_memory else SERVED


@dataclass(slots=True)
class Load:
    """What one closed loop did."""

    #: deliveries, those of the warm-up too
    done: int = 0
    #: from the end of the warm-up to the last notice
    seconds: float = 0.0
    #: seconds from opening the link to the notice, one per delivery after the warm-up
    waits_s: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return ratio(len(self.waits_s), self.seconds)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a subscriber has received: the content and the notice."""

    user: User
    message_ids: tuple[int, ...]
    notice_id: int


class Telegram:
    """The world of the figures: a storage channel, the bots, and as many subscribers as are asked for."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url
        self.world = sandbox.world
        self.calls = CallTimes()
        self._numbers = itertools.count(FIRST_SUBSCRIBER)
        self._photo = self.world.files.add("photo")

    def arrange(self) -> None:
        """Make the bots, the owner and the channel; keep no list of calls and no gaps between message ids."""
        self.world.config.log_calls = False
        self.world.config.id_gaps = 0
        load(self.world, _world_file())
        self.forget_calls()

    def forget_calls(self) -> None:
        """Start a new call log and a new flood control."""
        self.calls = self.world.calls = CallTimes()
        self.world.flood = Flood()

    def limit(self, calls_per_s: int, latency_ms: int) -> None:
        """Answer each call after `latency_ms`, and refuse calls above `calls_per_s`; 0: refuse none."""
        config = self.world.config
        config.latency_ms = latency_ms
        config.switch_flood_on(calls_per_s)
        if not calls_per_s:
            config.flood_chat_per_s, config.flood_group_per_min = 0.0, 0

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock."""
        self.world.clock.advance(seconds)

    def bot(self, bot_id: int) -> Bot:
        return self.world.bots[bot_id]

    def store(self, items: int) -> list[int]:
        """Put `items` photos into the storage channel; return their message ids."""
        photos = (act(self.world, {"as": OWNER, "do": "media", "to": STORAGE, "kind": "photo"}) for _ in range(items))
        return [int(photo["message"]["message_id"]) for photo in photos]

    def new_channels(self, count: int) -> list[int]:
        """Add `count` channels in which the admin bot and the bare one may post; return their ids."""
        ids = []
        for number in range(count):
            chat = add_chat(self.world, {"type": "channel", "title": f"Channel {number}", "owner": OWNER})
            for bot_id in (ADMIN, BARE):
                chat.members[bot_id] = Member(bot_id, "administrator", dict(STORAGE_RIGHTS))
            ids.append(chat.id)
        return ids

    def messages_in(self, chat_ids: Sequence[int]) -> list[int]:
        """Return how many photos are in each channel."""
        chats = (self.world.chats[chat_id] for chat_id in chat_ids)
        return [sum(one.content.kind == "photo" for one in chat.messages.values()) for chat in chats]

    def forget_chats(self, chat_ids: Sequence[int]) -> None:
        """Remove channels, so that the world does not grow from figure to figure."""
        for chat_id in chat_ids:
            del self.world.chats[chat_id]

    def new_subscriber(self) -> User:
        """Add a subscriber who has not started any bot yet."""
        number = next(self._numbers)
        return self.world.add_user(User(number, "Alice", username=f"alice{number}", language_code="en"))

    def started_subscribers(self, bot_id: int, count: int) -> list[User]:
        """Add `count` subscribers with ascending ids who have started the bot."""
        users = [self.new_subscriber() for _ in range(count)]
        for user in users:
            self.started_dialog(bot_id, user)
        return users

    def put_delivery(self, bot_id: int, items: int) -> Delivery:
        """Give a new subscriber `items` photos and a notice from the bot, without any call."""
        bot, user = self.bot(bot_id), self.new_subscriber()
        dialog = self.started_dialog(bot_id, user)
        contents = [*(Content("photo", file=self._photo) for _ in range(items)), Content("text", NOTICE)]
        *photos, notice = (store(self.world, dialog, content, bot, Draft()).id for content in contents)
        return Delivery(user, tuple(photos), notice)

    def started_dialog(self, bot_id: int, user: User) -> Dialog:
        """Have the subscriber start the bot, without an update."""
        dialog = self.world.dialog(self.bot(bot_id), user)
        dialog.is_started = dialog.is_seen = True
        return dialog

    def forget(self, users: Sequence[User]) -> None:
        """Remove subscribers and their chats, so that the world does not grow from figure to figure."""
        for user in users:
            self.world.users.pop(user.id, None)
            self.world.names.pop(str(user.username), None)
            for bot_id in MEASURED:
                self.world.dialogs.pop((bot_id, user.id), None)

    def sees_content(self, bot_id: int, user: User) -> bool:
        """Return whether the subscriber has a message with content, not only text, from the bot."""
        messages = self.world.dialog(self.bot(bot_id), user).messages.values()
        return any(message.deleted_at is None and not message.content.is_text for message in messages)

    async def deliver(self, bot: Bot, user: User, code: str, items: int) -> float:
        """Open a post's link, wait for its `items` messages and the notice; return the seconds. Raises NotDelivered."""
        dialog = self.world.dialog(bot, user)
        wanted = len(dialog.messages) + 1 + items + 1
        started = time.perf_counter()
        act(self.world, {"as": user.id, "do": "link", "url": f"https://t.me/{bot.username}?start=p_{code}"})
        if not await dialog.changed.until(lambda: len(dialog.messages) >= wanted, DELIVERY_TIMEOUT_S):
            raise NotDelivered(_seen(dialog, wanted))
        return time.perf_counter() - started

    async def closed_loop(
        self, bot_id: int, codes: Sequence[str], items: int, *, users: int, warm_up: int, counted: int
    ) -> Load:
        """Make `warm_up + counted` deliveries to `users` subscribers at once, each after the notice of the one before.

        A subscriber opens each post once, then a new one takes the place. So neither the guard against double taps
        (subscriber and post, 3 s) nor the limit of one message per chat and second after a burst of five is measured.
        """
        load, left, counted_from = Load(), warm_up + counted, time.perf_counter()
        came: list[User] = []

        async def one_after_the_other() -> None:
            nonlocal left, counted_from
            while left > 0:
                came.append(user := self.new_subscriber())
                for code in codes:
                    if not left:
                        return
                    left -= 1
                    wait_s = await self.deliver(self.bot(bot_id), user, code, items)
                    load.done += 1
                    if load.done > warm_up:
                        load.waits_s.append(wait_s)
                    elif load.done == warm_up:
                        counted_from = time.perf_counter()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(users):
                    group.create_task(one_after_the_other())
        finally:
            self.forget(came)
        load.seconds = time.perf_counter() - counted_from
        return load


def _world_file() -> dict[str, Any]:
    tokens = [ADMIN_TOKEN, *TOKENS.values()]
    members: list[dict[str, Any]] = [{"id": OWNER, "status": "creator"}]
    members += [{"id": bot, "status": "administrator", "rights": STORAGE_RIGHTS} for bot in (ADMIN, *MEASURED)]
    return {
        "bots": [
            {"token": token, "username": f"bench_{number}_bot", "first_name": "Bench"}
            for number, token in enumerate(tokens)
        ],
        "users": [{"id": OWNER, "first_name": "Olive"}],
        "chats": [{"type": "channel", "title": "Storage", "id": STORAGE, "members": members}],
    }


def _seen(dialog: Dialog, wanted: int) -> str:
    last = next(reversed(dialog.messages.values()), None)
    text = last.content.text[:80] if last is not None else ""
    return f"{len(dialog.messages)} of {wanted} messages after {DELIVERY_TIMEOUT_S:.0f} s; the last: {text!r}"


@asynccontextmanager
async def telegram() -> AsyncIterator[Telegram]:
    """Run a sandbox in this process with the world of the figures."""
    async with Sandbox(seed=1).running(port=0) as sandbox:
        running = Telegram(sandbox)
        running.arrange()
        yield running
