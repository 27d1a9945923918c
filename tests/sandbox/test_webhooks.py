"""Webhooks: what is posted, in which order, and what becomes of it (BOTAPI §2.3)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from sandbox.state.update_queue import UpdateQueue
from sandbox.webhooks.lines import LONGEST_WAIT_S, Lines, line_of
from tests.sandbox.conftest import Town

Json = dict[str, Any]
Answering = Callable[[Json], Awaitable[web.Response]]
HOOK = "/hook"


class Receiver:
    """A webhook on this machine. It answers 200 unless `answer` says otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.open = self.most_open = 0
        self.answer: Answering | None = None
        self._changed = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.got.append(update)
        self.headers.append(dict(request.headers))
        self._changed.set()
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            return web.Response() if self.answer is None else await self.answer(update)
        finally:
            self.open -= 1

    async def until(self, count: int) -> list[Json]:
        async with asyncio.timeout(10):
            while len(self.got) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.got

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post(HOOK, receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}{HOOK}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def until_empty(town: Town, count: int = 0) -> None:
    """Wait until no more than `count` updates of the shop are left."""
    queue = town.sandbox.world.bots[1001].queue
    assert await town.sandbox.world.changed.until(lambda: len(queue) <= count, 10)


async def info(town: Town) -> Json:
    found: Json = (await town.shop("getWebhookInfo")).result
    return found


async def test_waiting_and_new_updates_are_posted_with_the_secret(town: Town, receiver: Receiver) -> None:
    await town.alice.text("shop_bot", "before")
    await town.shop("setWebhook", url=receiver.url, secret_token="s3cret")
    await receiver.until(1)
    await town.alice.text("shop_bot", "after")
    await receiver.until(2)
    assert receiver.texts() == ["before", "after"]
    assert {headers["X-Telegram-Bot-Api-Secret-Token"] for headers in receiver.headers} == {"s3cret"}
    await until_empty(town)
    assert (await info(town))["pending_update_count"] == 0


async def test_updates_of_a_chat_wait_for_each_other_and_other_chats_do_not(town: Town, receiver: Receiver) -> None:
    go_on = asyncio.Event()

    async def answer(update: Json) -> web.Response:
        if update["message"]["text"] == "slow":
            await go_on.wait()
        return web.Response()

    await town.bob.link("https://t.me/shop_bot?start=x")
    await town.shop("setWebhook", url=receiver.url)
    await receiver.until(1)
    await until_empty(town)
    receiver.answer = answer
    await town.alice.text("shop_bot", "slow")
    await town.alice.text("shop_bot", "behind it")
    await town.bob.text("shop_bot", "beside it")
    await until_empty(town, 2)
    assert receiver.texts()[1:] == ["slow", "beside it"]
    go_on.set()
    await until_empty(town)
    assert receiver.texts()[1:] == ["slow", "beside it", "behind it"]


async def test_no_more_connections_are_open_than_asked_for(town: Town, receiver: Receiver) -> None:
    go_on = asyncio.Event()

    async def answer(update: Json) -> web.Response:
        await go_on.wait()
        return web.Response()

    await town.alice.text("shop_bot", "first")
    await town.shop("setWebhook", url=receiver.url, max_connections=3)
    await until_empty(town)
    receiver.answer = answer
    for number in range(8):
        person = await town.client.add_user(f"P{number}")
        await person.link("https://t.me/shop_bot?start=x")
    await receiver.until(4)
    go_on.set()
    await until_empty(town)
    assert receiver.most_open == 3


async def test_a_refused_update_comes_at_once_then_later_and_later(town: Town, receiver: Receiver) -> None:
    async def refuse(update: Json) -> web.Response:
        return web.Response(status=500)

    receiver.answer = refuse
    await town.shop("setWebhook", url=receiver.url)
    await town.alice.text("shop_bot", "again")
    await receiver.until(2)
    for count, wait_s in ((3, 2), (4, 4), (5, 8)):
        await town.client.advance(wait_s)
        await receiver.until(count)
    shown = await info(town)
    assert shown["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert abs(shown["last_error_date"] - town.sandbox.world.now()) <= 1
    assert shown["pending_update_count"] == 1


async def test_retry_after_is_heeded(town: Town, receiver: Receiver) -> None:
    answers = iter([web.Response(status=503, headers={"Retry-After": "100"}), web.Response()])

    async def answer(update: Json) -> web.Response:
        return next(answers)

    receiver.answer = answer
    await town.shop("setWebhook", url=receiver.url)
    await town.alice.text("shop_bot", "later")
    await receiver.until(1)
    await town.client.advance(95)
    await town.bob.text("shop_bot", "wakes the loop")
    assert len(receiver.got) == 1
    await town.client.advance(6)
    await receiver.until(2)


async def test_an_update_that_is_refused_for_a_day_is_dropped(town: Town, receiver: Receiver) -> None:
    async def refuse(update: Json) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "3600"})

    receiver.answer = refuse
    await town.shop("setWebhook", url=receiver.url)
    await town.alice.text("shop_bot", "hopeless")
    await receiver.until(1)
    assert (await info(town))["pending_update_count"] == 1
    await town.client.advance(23 * 3600 + 10)
    await until_empty(town)
    assert (await info(town))["pending_update_count"] == 0


async def test_an_answer_that_calls_a_method_is_carried_out(town: Town, receiver: Receiver) -> None:
    async def answer(update: Json) -> web.Response:
        return web.json_response({"method": "sendMessage", "chat_id": update["message"]["chat"]["id"], "text": "hi"})

    receiver.answer = answer
    await town.shop("setWebhook", url=receiver.url)
    await town.alice.text("shop_bot", "hello")
    await town.alice.wait("shop_bot", contains="hi")


async def test_an_answer_may_not_change_the_webhook(town: Town, receiver: Receiver) -> None:
    async def answer(update: Json) -> web.Response:
        return web.json_response({"method": "deleteWebhook"})

    receiver.answer = answer
    await town.shop("setWebhook", url=receiver.url)
    await town.alice.text("shop_bot", "hello")
    await until_empty(town)
    assert (await info(town))["url"] == receiver.url


async def test_410_for_a_day_removes_the_webhook_and_keeps_the_updates(town: Town, receiver: Receiver) -> None:
    async def gone(update: Json) -> web.Response:
        return web.Response(status=410, headers={"Retry-After": "1"})

    receiver.answer = gone
    await town.shop("setWebhook", url=receiver.url)
    await town.alice.text("shop_bot", "first")
    await receiver.until(1)
    await town.client.advance(22 * 3600)
    await town.bob.link("https://t.me/shop_bot?start=x")
    await receiver.until(3)
    await town.client.advance(1.5 * 3600)
    bot = town.sandbox.world.bots[1001]
    assert await town.sandbox.world.changed.until(lambda: bot.webhook is None, 10)
    assert [update["message"]["text"] for update in await town.shop.updates()] == ["first", "/start x"]


async def test_a_webhook_that_does_not_answer_is_asked_again(town: Town, receiver: Receiver) -> None:
    never = asyncio.Event()

    async def silent(update: Json) -> web.Response:
        if len(receiver.got) == 1:
            await never.wait()
        return web.Response()

    receiver.answer = silent
    town.sandbox.world.config.webhook_timeout_s = 0.05
    await town.shop("setWebhook", url=receiver.url)
    await town.alice.text("shop_bot", "hello")
    await receiver.until(2)
    await until_empty(town)
    assert (await info(town))["last_error_message"] == "Read timeout expired"


async def test_without_a_server_the_updates_wait_and_none_is_lost(town: Town) -> None:
    async with receiving() as short:
        url = short.url
    await town.shop("setWebhook", url=url)
    await town.alice.text("shop_bot", "one")
    await town.alice.text("shop_bot", "two")
    world, bot = town.sandbox.world, town.sandbox.world.bots[1001]
    assert await world.changed.until(lambda: bot.webhook is not None and bool(bot.webhook.last_error), 10)
    assert (await info(town))["last_error_message"] == "Connection refused"
    await town.shop("deleteWebhook")
    assert [update["message"]["text"] for update in await town.shop.updates()] == ["one", "two"]


async def test_getupdates_conflicts_while_a_webhook_is_set(town: Town, receiver: Receiver) -> None:
    await town.shop("setWebhook", url=receiver.url)
    assert (await town.shop("getUpdates")).status == 409


async def test_the_fault_of_a_lost_answer_posts_an_update_twice(town: Town, receiver: Receiver) -> None:
    await town.shop("setWebhook", url=receiver.url)
    await town.client.fault("duplicate_update", bot="shop_bot")
    await town.alice.text("shop_bot", "hello")
    await receiver.until(2)
    assert receiver.texts() == ["hello", "hello"]


async def test_a_restart_of_the_server_cuts_posts_and_repeats_them(town: Town, receiver: Receiver) -> None:
    go_on = asyncio.Event()

    async def answer(update: Json) -> web.Response:
        await go_on.wait()
        return web.Response()

    receiver.answer = answer
    await town.shop("setWebhook", url=receiver.url)
    await town.alice.text("shop_bot", "hello")
    await receiver.until(1)
    await town.client.request("POST", "restart", {})
    await receiver.until(2)
    go_on.set()
    await until_empty(town)
    assert receiver.texts() == ["hello", "hello"]


async def test_the_sandbox_posts_to_no_other_machine(town: Town) -> None:
    await town.shop("setWebhook", url="https://example.com/hook")
    await town.alice.text("shop_bot", "hello")
    bot = town.sandbox.world.bots[1001]
    changed = town.sandbox.world.changed
    assert await changed.until(lambda: bot.webhook is not None and bool(bot.webhook.last_error), 10)
    shown = await info(town)
    assert shown["last_error_message"] == "the sandbox posts to this machine only"
    assert shown["pending_update_count"] == 1


async def test_setting_a_webhook_twice_within_a_second_is_429(town: Town, receiver: Receiver) -> None:
    await town.shop("setWebhook", url=receiver.url)
    assert (await town.shop("setWebhook", url=receiver.url)).body["parameters"] == {"retry_after": 1}


@pytest.mark.parametrize(
    ("update", "line"),
    [
        ({"message": {"chat": {"id": 7}}}, ("chat", 7)),
        ({"channel_post": {"chat": {"id": -7}}}, ("chat", -7)),
        ({"callback_query": {"from": {"id": 7}}}, ("callback", 7)),
        ({"pre_checkout_query": {"from": {"id": 7}}}, ("payment", 7)),
        ({"my_chat_member": {"chat": {"id": 7}, "from": {"id": 1}}}, ("own", 7)),
        ({"chat_join_request": {"chat": {"id": -7}, "from": {"id": 7}}}, ("member", 7)),
        ({"my_kind": {}}, ("alone", 5)),
        ({"my_kind": "odd"}, ("alone", 5)),
    ],
)
def test_an_update_waits_in_the_line_of_its_chat_or_person(update: Json, line: tuple[str, int]) -> None:
    assert line_of({"update_id": 5} | update) == line


def test_the_wait_between_two_posts_ends_growing() -> None:
    queue = UpdateQueue(1)
    queue.push("message", {"chat": {"id": 1}}, 0.0)
    lines, now, waits = Lines(queue, 1), 0.0, []
    lines.load(now)
    for _ in range(12):
        loaded = lines.take(now)
        assert loaded is not None
        lines.failed(loaded, 0, now)
        due_at = lines.next_due()
        assert due_at is not None
        waits.append(due_at - now)
        now = due_at
    assert waits[:6] == [0, 2, 4, 8, 16, 32]
    assert all(LONGEST_WAIT_S <= wait <= 2 * LONGEST_WAIT_S for wait in waits[7:])


def test_no_more_than_twice_the_connections_are_loaded_and_a_new_numbering_is_loaded_too() -> None:
    queue = UpdateQueue(100)
    for number in range(10):
        queue.push("message", {"chat": {"id": number}}, 0.0)
    lines = Lines(queue, 2)
    lines.load(0.0)
    assert len(lines) == 4
    while loaded := lines.take(0.0):
        lines.done(loaded)
        lines.load(0.0)
    queue.renumber(5)
    queue.push("message", {"chat": {"id": 1}}, 0.0)
    lines.load(0.0)
    assert len(lines) == 1
