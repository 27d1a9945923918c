"""The subscribers of an episode, their requests, and the collection of evidence."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from database.connection import current_database
from database.operations.posts import post_ops
from sandbox.client import SandboxClient, SandboxError
from tests.chaos.evidence import MARK, Asked, Evidence, Message, message_of
from tests.chaos.plan import POSTS, SUBSCRIBERS, Act, Plan
from tests.house import ADMIN_TOKEN, OLIVE, STORAGE, USER_BOT, USER_TOKEN, people_and_channel

Json = dict[str, Any]

FIRST_SUBSCRIBER = 10_000
#: concurrent control calls to the sandbox
AT_ONCE = 20
#: seconds after which Telegram posts an update again to whom does not answer: 60 in truth, too long for an episode
POST_S = 6.0
#: maximum number of calls in the sandbox's log
_CALLS = 10_000
#: real seconds to wait for the user bot to become idle
QUIET_S = 10.0
#: the bot is idle after so long without a call, real milliseconds: between two calls it may query the store
QUIET_MS = 500
#: maximum rows per query; an episode has some hundred
ROWS = 10_000


def subscriber(person: int) -> int:
    """Return the Telegram id of a subscriber of the plan."""
    return FIRST_SUBSCRIBER + person


class World:
    """The owner, two named and two hundred numbered subscribers in one sandbox; collects the evidence."""

    def __init__(self, client: SandboxClient, plan: Plan) -> None:
        self.client = client
        self.plan = plan
        self.evidence = Evidence()
        self._codes: list[str] = []
        self._seen = 0
        self._messages: dict[int, dict[int, Message]] = {}
        #: makes reading the clock and then moving it atomic
        self._clock = asyncio.Lock()

    async def arrange(self) -> None:
        """Reset the sandbox and create subscribers, channel and posts; the database must be open and empty."""
        await self.client.request("POST", "reset", {"seed": self.plan.seed})
        await self.client.request("POST", "config", {"anti_spin": False, "webhook_timeout_s": POST_S})
        await self.client.request("POST", "clock", {"set": self.plan.begins.timestamp()})
        await people_and_channel(self.client)
        slots = asyncio.Semaphore(AT_ONCE)

        async def join(person: int) -> None:
            async with slots:
                await self.client.add_user(f"Reader {person}", id=subscriber(person))

        await asyncio.gather(*(join(person) for person in range(SUBSCRIBERS)))
        await self._store_posts()
        if self.plan.gate is None:
            await self._give_credits()

    async def _store_posts(self) -> None:
        olive = self.client.person(OLIVE)
        for index, content in enumerate(POSTS):
            ids = []
            for item in range(content.items):
                said = MARK.format(post=index, item=item + 1)
                sent = await (
                    olive.text(STORAGE, said) if content.items == 1 else olive.media(STORAGE, "photo", caption=said)
                )
                ids.append(int(sent["message"]["message_id"]))
            post = await post_ops.create(
                title=f"Post {index}",
                storage_chat_id=STORAGE,
                message_ids=ids,
                created_by=OLIVE,
                created_at=self.plan.begins,
                delete_after_minutes=content.minutes,
            )
            self._codes.append(post.code)

    async def _give_credits(self) -> None:
        """Create user records with credits for half of the subscribers."""
        known = range(0, SUBSCRIBERS, 2)
        self.evidence.credits_before = {person: person % 7 for person in known}
        await current_database().collection("users").insert_many([_user(person, self.plan.begins) for person in known])

    async def ask(self, act: Act, *, again: bool = False) -> None:
        """Open the link of the act's post and record the request."""
        person = self.client.person(subscriber(act.person))
        done = await person.link(f"https://t.me/{USER_BOT}?start=p_{self._codes[act.post]}")
        asked = Asked(act, int(done["message"]["message_id"]), float(done["message"]["date"]))
        (self.evidence.asked_again if again else self.evidence.asked).append(asked)
        if self.evidence.gate is not None:
            self.evidence.gate.deeds.setdefault(act.person, []).append(asked.at)
        if act.blocks:
            await person.block(USER_BOT)

    async def jump(self, seconds: float) -> None:
        """Move the clock forward and record the jump."""
        async with self._clock:
            before = await self.now()
            await self.client.advance(seconds)
        self.evidence.jumps.append((before, before + seconds))

    async def go_to_next_minute(self) -> float:
        """Set the clock just after the next full minute, and return that minute. Atomic with respect to `jump`."""
        async with self._clock:
            now = await self.now()
            minute = now - now % 60 + 60
            await self.client.request("POST", "clock", {"set": minute + 0.1})
        return minute

    async def now(self) -> float:
        """Return the sandbox's clock, unix seconds."""
        return float((await self.client.request("GET", "clock"))["now"])

    async def is_polled(self) -> bool:
        """Return whether both bots have called getUpdates, or setWebhook."""
        methods = (await self.client.counters())["methods_by_bot"]
        called = [methods.get(token.partition(":")[0], {}) for token in (ADMIN_TOKEN, USER_TOKEN)]
        return all("getUpdates" in own or "setWebhook" in own for own in called)

    async def is_confirmed(self) -> bool:
        """Return whether Telegram has no unconfirmed update for the user bot."""
        bots = (await self.client.state())["bots"]
        return not any(bot["pending_updates"] for bot in bots if bot["token"] == USER_TOKEN)

    async def rest(self) -> None:
        """Wait until the user bot is idle, as far as Telegram can tell; return after QUIET_S at the latest."""
        with suppress(SandboxError):
            await self.client.idle(USER_BOT, timeout_s=QUIET_S, quiet_ms=QUIET_MS)

    # evidence

    async def look_at_conversations(self) -> None:
        """Read the conversations that changed since the last poll."""
        self._seen, changed = await self.client.transcripts(USER_BOT, self._seen)
        for user_id, shown in changed.items():
            person = user_id - FIRST_SUBSCRIBER
            if person < 0:
                continue
            kept = self._messages.setdefault(person, {})
            kept |= {message.id: message for message in map(message_of, shown)}
            self.evidence.conversations[person] = list(kept.values())
        self.evidence.now = await self.now()

    async def look_at_store(self) -> None:
        """Read deletion promises, undeletable deliveries, runs and credits."""
        database = current_database()
        promises = await database.collection("pending_deletions").find({}, limit=ROWS)
        promises += await database.collection("deliveries").find({"delete_at": {"$ne": None}}, limit=ROWS)
        self.evidence.in_progress = await database.collection("deliveries").count({"state": "sending"})
        impossible = await database.collection("impossible_deletions").find({}, limit=ROWS)
        self.evidence.promises = [self._in_the_plans_words(row) for row in promises]
        self.evidence.impossible = [self._in_the_plans_words(row) for row in impossible]
        self.evidence.runs = await database.collection("job_runs").find({}, limit=ROWS)
        users = await database.collection("users").find({}, limit=ROWS)
        self.evidence.credits_after = {user["user_id"] - FIRST_SUBSCRIBER: user["credits"] for user in users}

    def _in_the_plans_words(self, row: Json) -> Json:
        return row | {"person": row["chat_id"] - FIRST_SUBSCRIBER, "post": self.post_of(row["post_code"])}

    def post_of(self, code: str) -> int:
        """Return the index of the post with this code."""
        return self._codes.index(code)

    async def look_at_calls(self) -> None:
        """Read the sandbox's records of the bots' calls."""
        found = await self.client.request("GET", "calls", bot=USER_BOT, method="copyMessages", limit=_CALLS)
        self.evidence.copy_calls = found["calls"]
        self.evidence.ignored_429 = (await self.client.counters())["ignored_429_calls"]

    async def look_at_every_call(self) -> None:
        """Read the sandbox's records of all calls of the user bot; the oldest are missing if it made very many."""
        found = await self.client.request("GET", "calls", bot=USER_BOT, limit=_CALLS)
        self.evidence.calls = [call for call in found["calls"] if call["method"] != "getUpdates"]

    def read_logs(self, files: Iterable[Path]) -> None:
        """Read the bots' output: JSON lines, and all other lines."""
        for file in files:
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("{"):
                    self.evidence.log.append(json.loads(line))
                elif line.strip():
                    self.evidence.loose_lines.append(line)


def _user(person: int, joined_at: datetime) -> Json:
    return {
        "user_id": subscriber(person),
        "username": None,
        "first_name": f"Reader {person}",
        "language": None,
        "credits": person % 7,
        "pass_until": None,
        "is_banned": False,
        "ban_reason": None,
        "banned_until": None,
        "blocked_at": None,
        "joined_at": joined_at,
        "last_seen_at": joined_at,
        "source": None,
    }
