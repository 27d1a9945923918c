"""Posts the updates of bots to their webhooks (BOTAPI §2.3)."""

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import aiohttp

from sandbox.botapi import METHODS
from sandbox.execution import run
from sandbox.state.records import Bot
from sandbox.state.webhook import Webhook
from sandbox.state.world import World
from sandbox.webhooks.lines import Lines, Loaded
from sandbox.wire import Call, encode

Json = dict[str, Any]

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a name
#: seconds after the last success within which more than one connection is opened
ACTIVE_S = 10
#: real seconds between two looks whether the restarted server is up again
DOWN_LOOK_S = 0.05
#: the webhook is removed when it has answered 410 for this long, seconds
GONE_FOR_S = 23 * 3600
#: methods an answer must not call, besides get…
_NOT_BY_ANSWER = ("deletewebhook", "setwebhook", "close", "logout", "get")


@dataclass(slots=True)
class Answer:
    """What a webhook answered; `error` is empty for a success."""

    error: str = ""
    status: int = 0
    retry_after_s: int = 0
    parameters: dict[str, str] | None = None


class Pusher:
    """Posts the updates of one bot to one webhook, until it is cancelled."""

    def __init__(self, world: World, bot: Bot, webhook: Webhook) -> None:
        self._world, self._bot, self._webhook = world, bot, webhook
        self._lines = Lines(bot.queue, webhook.max_connections)
        self._changed = asyncio.Event()
        self._posts: dict[asyncio.Task[None], Loaded] = {}
        self._succeeded_at = float("-inf")
        self._gone_since: float | None = None

    async def run(self) -> None:
        """Post what is queued and what comes."""
        self._bot.queue.on_added = self._changed.set
        connector = aiohttp.TCPConnector(limit=self._webhook.max_connections)
        try:
            async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_clock())
                while True:
                    self._changed.clear()
                    self._start_posts(tasks, session)
                    await self._until_due()
        finally:
            self._bot.queue.on_added = None

    def cut(self) -> None:
        """Cut the posts under way: the server restarts. They are repeated."""
        for task in tuple(self._posts):
            task.cancel()

    async def _follow_clock(self) -> None:
        while True:
            await self._world.clock.moved.wait()
            self._changed.set()

    def _start_posts(self, tasks: asyncio.TaskGroup, session: aiohttp.ClientSession) -> None:
        now = self._world.clock.now()
        self._lines.load(now)
        while self._may_post(now) and (loaded := self._lines.take(now)):
            task = tasks.create_task(self._post(session, loaded))
            self._posts[task] = loaded
            task.add_done_callback(self._ended)

    def _may_post(self, now: float) -> bool:
        """Whether a connection is free: only one is opened until a post has succeeded."""
        allowed = self._webhook.max_connections if now - self._succeeded_at <= ACTIVE_S else 1
        return not self._world.restarts.is_down and len(self._posts) < allowed

    def _ended(self, task: asyncio.Task[None]) -> None:
        loaded = self._posts.pop(task)
        if task.cancelled():
            self._lines.failed(loaded, 0, self._world.clock.now())
        self._changed.set()

    async def _until_due(self) -> None:
        now, due_at, left_s = self._world.clock.now(), self._lines.next_due(), None
        if self._world.restarts.is_down:
            left_s = DOWN_LOOK_S
        elif due_at is not None and self._may_post(now):
            left_s = max(0.0, due_at - now)
        try:
            async with asyncio.timeout(left_s):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _post(self, session: aiohttp.ClientSession, loaded: Loaded) -> None:
        answer = await self._ask(session, loaded)
        now = self._world.clock.now()
        if answer.error:
            self._webhook.fail(answer.error, int(now))
            self._lines.failed(loaded, answer.retry_after_s, now)
            self._count_gone(answer.status, now)
        elif self._world.faults.takes_batch(self._bot.id):
            self._lines.failed(loaded, 0, now)  # the answer was lost
        else:
            self._succeeded_at, self._gone_since = now, None
            self._lines.done(loaded)
        self._world.changed.fire()
        if answer.parameters:
            await self._call(answer.parameters)

    def _count_gone(self, status: int, now: float) -> None:
        if status != HTTPStatus.GONE:
            self._gone_since = None
        elif self._gone_since is None:
            self._gone_since = now
        elif now > self._gone_since + GONE_FOR_S:
            self._world.set_webhook(self._bot, None)

    async def _ask(self, session: aiohttp.ClientSession, loaded: Loaded) -> Answer:
        webhook = self._webhook
        if not webhook.is_local:
            return Answer("the sandbox posts to this machine only")
        secret = {SECRET_HEADER: webhook.secret_token} if webhook.secret_token else {}
        headers = {"Content-Type": "application/json"} | secret
        self._bot.queue.sent_up_to = max(self._bot.queue.sent_up_to, loaded.queued.update_id)
        try:
            async with asyncio.timeout(self._world.config.webhook_timeout_s):
                sending = session.post(
                    webhook.url, data=encode(loaded.queued.body), headers=headers, allow_redirects=False
                )
                async with sending as response:
                    return await _answer_in(response)
        except TimeoutError:
            return Answer("Read timeout expired")
        except aiohttp.ClientConnectorError:
            return Answer("Connection refused")
        except (aiohttp.ClientError, ConnectionError):
            return Answer("Webhook connection closed")

    async def _call(self, parameters: dict[str, str]) -> None:
        """Run the method an answer names; nobody is told its result."""
        name = parameters.pop("method", "").lower()
        if name in METHODS and not name.startswith(_NOT_BY_ANSWER):
            await run(Call(self._world, self._bot, METHODS[name][0], parameters))


async def _answer_in(response: aiohttp.ClientResponse) -> Answer:
    body = await response.read()
    if not 200 <= response.status <= 299:
        retry_after = response.headers.get("Retry-After", "")
        return Answer(
            f"Wrong response from the webhook: {response.status} {response.reason}",
            response.status,
            int(retry_after) if retry_after.isdecimal() else 0,
        )
    return Answer(parameters=_parameters(response.content_type, body))


def _parameters(content_type: str, body: bytes) -> dict[str, str]:
    """The parameters of an answer; {} when it calls no method."""
    if content_type == "application/json":
        try:
            found = json.loads(body)
        except ValueError:
            return {}
        pairs = found.items() if isinstance(found, dict) else ()
    elif content_type == "application/x-www-form-urlencoded":
        pairs = dict(parse_qsl(body.decode("utf-8", "replace"))).items()
    else:
        return {}
    given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in pairs}
    return given if given.get("method") else {}


class Webhooks:
    """The pushers of all bots; follows `World.on_webhook` while it is open."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pushers: dict[Bot, tuple[Pusher, asyncio.Task[None]]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Post from now on."""
        self._world.on_webhook, self._world.restarts.cut_posts = self._changed, self._cut
        for bot in self._world.bots.values():
            self._changed(bot)

    async def close(self) -> None:
        """End all posts."""
        self._world.on_webhook = self._world.restarts.cut_posts = None
        for bot in tuple(self._pushers):
            self._end(bot)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _changed(self, bot: Bot) -> None:
        self._end(bot)
        if bot.webhook is not None:
            pusher = Pusher(self._world, bot, bot.webhook)
            task = asyncio.create_task(pusher.run(), name=f"sandbox.webhook {bot.id}")
            self._pushers[bot] = pusher, task

    def _end(self, bot: Bot) -> None:
        running = self._pushers.pop(bot, None)
        if running is not None:
            task = running[1]
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    def _cut(self) -> None:
        for pusher, _ in self._pushers.values():
            pusher.cut()
