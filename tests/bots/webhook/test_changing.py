"""The webhook is set once, by whichever process is first; changing between the two ways loses no update."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from aiogram import Bot, Dispatcher

from core.clock import ManualClock, SystemClock
from core.errors import StoreUnavailable
from core.processes.polling_lease import PollingLease
from core.processes.removed_webhook import LOOK_EVERY_S
from core.supervisor import Supervisor
from runtime.lifecycle import CannotStart
from runtime.updates.choice import refuse_without_web_app
from runtime.updates.polling import PreparedRight
from runtime.updates.receivers import Receivers
from runtime.updates.source import ServedBot
from runtime.updates.webhook import AGAIN_S, Webhook, remove_own_webhook
from sandbox.client import SandboxClient
from sandbox.server import Sandbox
from sender.bots import build_bot
from sender.limiting.send_limiter import SendLimiter
from sender.updates.places import Places
from sender.updates.polling import UpdateAcknowledger
from sender.updates.update_ages import UpdateAges
from sender.updates.webhook import WebhookReceiver
from sender.updates.webhook_address import MAX_CONNECTIONS, Address, address_of, is_ours
from tests.house import USER_BOT, USER_TOKEN, HouseClock, people_and_channel, settings_for
from tests.served import OneProcess
from tests.webhooks import USER_BOT_ID, free_port, posting_to

ALLOWED = ["message", "callback_query", "chat_member"]


class Town:
    """A sandbox with the user bot and somebody who writes to it."""

    def __init__(self, sandbox: Sandbox, world: SandboxClient, bot: Bot) -> None:
        self.sandbox, self.world, self.bot = sandbox, world, bot
        self.got: list[str] = []
        #: of the processes that look after a webhook
        self.clock = ManualClock(SystemClock().now())
        self.lease: PollingLease | None = None
        self.is_database_away = False

    async def find_lease(self, bot_id: int) -> PollingLease | None:
        if self.is_database_away:
            raise StoreUnavailable("away")
        return self.lease

    async def write(self, *texts: str) -> None:
        for text in texts:
            await self.world.person(502).text(USER_BOT, text)

    def webhook(self, address: Address) -> tuple[Webhook, Receivers]:
        """A process's webhook; what it is sent is in `got`."""
        dispatcher, receivers = Dispatcher(disable_fsm=True), Receivers()
        account = UpdateAcknowledger(Places())
        dispatcher.update.outer_middleware(account.on_update)

        async def note(message: Any) -> None:
            self.got.append(message.text)

        dispatcher.message.register(note)
        receiver = WebhookReceiver(
            self.bot,
            dispatcher,
            account,
            secret=address.secret,
            ages=UpdateAges(SystemClock().now),
            is_database_away=lambda: False,
        )
        served = ServedBot("user_bot", self.bot, dispatcher, account, ALLOWED)
        return Webhook(served, receiver, receivers, address, self.find_lease, self.clock), receivers

    async def count(self, method: str) -> int:
        return int((await self.world.counters())["methods"].get(method, 0))


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Sandbox(seed=1).running(port=0) as sandbox, SandboxClient(sandbox.url) as world:
        await people_and_channel(world)
        bot = build_bot(USER_TOKEN, sandbox.url, SendLimiter(1000, 1000, HouseClock(sandbox, world)))
        # what the setting up has sent the bot
        first = (await bot.get_updates())[-1].update_id
        await bot.get_updates(offset=first + 1, limit=1)
        try:
            yield Town(sandbox, world, bot)
        finally:
            await bot.session.close()


async def until(town: Town, *texts: str) -> None:
    assert await town.sandbox.world.changed.until(lambda: len(town.got) >= len(texts), 10)
    assert town.got == list(texts)


async def test_from_polling_to_webhook_and_back_nothing_that_waits_is_lost(town: Town) -> None:
    await town.bot.get_updates(allowed_updates=ALLOWED)
    await town.write("while nothing ran")
    port, tasks = free_port(), Supervisor()
    address = address_of(f"http://127.0.0.1:{port}", USER_BOT_ID, "s" * 32)
    webhook, receivers = town.webhook(address)
    async with posting_to(receivers.by_bot, port):
        serving = tasks.spawn(webhook.serve(), "webhook")
        await until(town, "while nothing ran")
        await town.write("by webhook")
        await until(town, "while nothing ran", "by webhook")
        assert await webhook.stop()
        await serving
    await town.write("while nothing ran again", "and more")
    await remove_own_webhook(town.bot, SystemClock())
    polled = await town.bot.get_updates()
    assert [update.message.text for update in polled if update.message] == ["while nothing ran again", "and more"]


async def test_processes_that_start_later_leave_the_webhook_as_it_is(town: Town) -> None:
    port, tasks = free_port(), Supervisor()
    address = address_of(f"http://127.0.0.1:{port}", USER_BOT_ID, "s" * 32)
    receivers: dict[int, WebhookReceiver] = {}
    async with posting_to(receivers, port):
        for calls in (1, 1):
            webhook, own = town.webhook(address)
            serving = tasks.spawn(webhook.serve(), "webhook")
            await town.write("hello")
            changed = town.sandbox.world.changed
            assert await changed.until(lambda: town.sandbox.world.bots[USER_BOT_ID].webhook is not None, 10)
            receivers.update(own.by_bot)
            await asyncio.sleep(0)
            assert await webhook.stop()
            await serving
            assert await town.count("setWebhook") == calls
    other = address_of(f"http://127.0.0.1:{port}", USER_BOT_ID, "t" * 32)
    info = await town.bot.get_webhook_info()
    assert (address.is_set(info, ALLOWED), other.is_set(info, ALLOWED)) == (True, False)
    assert not address.is_set(info, ["message"])
    assert info.max_connections == MAX_CONNECTIONS


async def test_processes_that_start_at_once_all_set_the_same(town: Town) -> None:
    address = address_of(f"http://127.0.0.1:{free_port()}", USER_BOT_ID, "s" * 32)
    webhooks = [town.webhook(address)[0] for _ in range(3)]
    await asyncio.gather(*(webhook._set() for webhook in webhooks))
    assert address.is_set(await town.bot.get_webhook_info(), ALLOWED)


class Looking(Town):
    """A process whose webhook is set, and what happens between its looks."""

    def look_after(self) -> Webhook:
        self.own = address_of(f"http://127.0.0.1:{free_port()}", USER_BOT_ID, "s" * 32)
        return self.webhook(self.own)[0]

    async def looks(self, webhook: Webhook, count: int, *, is_polled: bool = False) -> bool:
        """Look so often, a minute apart; return whether the webhook is set."""
        for _ in range(count):
            self.clock.move(timedelta(seconds=LOOK_EVERY_S))
            if is_polled:
                before = PollingLease() if self.lease is None else self.lease
                self.lease = before.model_copy(update={"beat": before.beat + 12})
            await webhook.look()
        return self.own.is_set(await self.bot.get_webhook_info(), ALLOWED)


@pytest.fixture
def looking(town: Town) -> Looking:
    return Looking(town.sandbox, town.world, town.bot)


async def test_a_webhook_that_somebody_removed_is_set_again_when_updates_wait_and_nobody_polls(
    looking: Looking,
) -> None:
    webhook = looking.look_after()
    looking.lease = PollingLease(owner="one that was killed a week ago", beat=7)
    assert not await looking.looks(webhook, 7), "nobody writes: another program may poll"
    await looking.write("hello?")
    assert not await looking.looks(webhook, 1)
    assert await looking.looks(webhook, 1)
    await looking.bot.delete_webhook()
    assert not await looking.looks(webhook, 5), "each time anew, for five minutes"
    assert await looking.looks(webhook, 1)


async def test_a_change_to_polling_and_another_programs_webhook_are_not_fought(looking: Looking) -> None:
    webhook = looking.look_after()
    await looking.write("hello?")
    assert not await looking.looks(webhook, 9, is_polled=True)
    looking.is_database_away = True
    assert not await looking.looks(webhook, 9), "nobody knows who polls"
    looking.is_database_away = False
    assert not await looking.looks(webhook, 5)
    other = "https://example.com/somebody-elses"
    await looking.bot.set_webhook(other)
    assert not await looking.looks(webhook, 9)
    assert (await looking.bot.get_webhook_info()).url == other
    # the process that polled ends before all have changed
    await looking.bot.delete_webhook()
    assert await looking.looks(webhook, 6)


async def test_a_process_that_polls_again_removes_the_webhook_again(town: Town) -> None:
    turn = OneProcess()
    right = PreparedRight(turn, partial(remove_own_webhook, town.bot, town.clock))
    for number in (1, 2):
        await town.bot.set_webhook(address_of("https://gate.example", USER_BOT_ID, "s").url)
        turn.number = number
        await right.held()
        assert (await town.bot.get_webhook_info()).url == ""


async def test_another_programs_webhook_is_not_removed(town: Town) -> None:
    await town.bot.set_webhook("https://example.com/somebody-elses")
    await remove_own_webhook(town.bot, SystemClock())
    assert (await town.bot.get_webhook_info()).url == "https://example.com/somebody-elses"


async def test_a_webhook_is_removed_as_soon_as_telegram_answers(town: Town) -> None:
    await town.bot.set_webhook(address_of("https://gate.example", USER_BOT_ID, "s").url)
    await town.world.fault("error", method="getWebhookInfo", status=500, description="Internal Server Error", times=9)
    clock = ManualClock(SystemClock().now())
    began = clock.monotonic()
    await remove_own_webhook(town.bot, clock)
    assert (await town.bot.get_webhook_info()).url == ""
    assert clock.monotonic() - began >= AGAIN_S


async def test_an_address_telegram_refuses_ends_the_start_with_one_line(town: Town) -> None:
    webhook, receivers = town.webhook(Address("http://gate.example/telegram/1002", "s"))
    with pytest.raises(CannotStart, match=r"^PUBLIC_BASE_URL: Telegram refuses it for the webhook: .*HTTPS URL"):
        await webhook.serve()
    await receivers.until_ended()


def test_an_address_holds_neither_token_nor_secret_and_is_known_as_ours() -> None:
    address = address_of("https://gate.example/gate", 1002, "a-secret")
    assert address.url.startswith("https://gate.example/gate/telegram/1002?secret=")
    assert "a-secret" not in address.url + repr(address)
    assert address.url != address_of("https://gate.example/gate", 1002, "another").url
    assert is_ours(address.url, 1002)
    assert not is_ours(address.url, 1003)
    assert not is_ours("https://gate.example/hook", 1002)


def test_the_user_bot_alone_does_not_start_with_a_webhook() -> None:
    settings = settings_for("http://127.0.0.1:1", UPDATES="webhook", PUBLIC_BASE_URL="http://127.0.0.1:2")
    with pytest.raises(CannotStart, match=r"^UPDATES: .*main\.py"):
        refuse_without_web_app(settings)
    refuse_without_web_app(settings_for("http://127.0.0.1:1"))
