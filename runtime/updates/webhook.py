"""Takes updates by webhook: Telegram posts them to the web app of any process (BOTAPI §2.3)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramNotFound, TelegramUnauthorizedError

from core.clock import Clock
from core.errors import TollgateError
from core.processes.polling_lease import PollingLease
from core.processes.removed_webhook import LOOK_EVERY_S, RemovedWebhook
from monitoring import logs
from runtime.lifecycle import CannotStart
from runtime.updates.receivers import Receivers
from runtime.updates.source import ServedBot
from sender.failures import TELEGRAM_ERRORS
from sender.updates.webhook import WebhookReceiver
from sender.updates.webhook_address import MAX_CONNECTIONS, Address, is_ours

log = structlog.get_logger("tollgate.process")

#: finds the lease of polling of a bot, by its id
FindLease = Callable[[int], Awaitable[PollingLease | None]]
#: what a process does about the updates of a bot, as /readyz shows it
POSTED = "posted by Telegram"
#: seconds between two attempts to set or remove the webhook while Telegram does not answer
AGAIN_S = 5.0
#: Telegram or the database did not say what was asked
NOT_ANSWERED: tuple[type[BaseException], ...] = (*TELEGRAM_ERRORS, TollgateError)
#: another attempt would be answered in the same way
REFUSED = (TelegramBadRequest, TelegramNotFound, TelegramUnauthorizedError)


async def remove_own_webhook(bot: Bot, clock: Clock) -> None:
    """Have Telegram keep the updates of `bot` for polling, as soon as it answers; no update is lost.

    Another program's webhook stays: the health check tells of it.
    """
    while True:
        try:
            info = await bot.get_webhook_info()
            if info.url and is_ours(info.url, bot.id):
                await bot.delete_webhook(drop_pending_updates=False)
                log.info("webhook.removed", bot_id=bot.id, waiting=info.pending_update_count)
            return
        except REFUSED as error:
            log.warning("webhook.not_removed", bot_id=bot.id, error=type(error).__name__)
            return
        except TELEGRAM_ERRORS as error:
            log.warning("webhook.not_removed", bot_id=bot.id, error=type(error).__name__)
        await clock.sleep(AGAIN_S)


class Webhook:
    """Takes the updates of one bot that are posted to this process. Any number of processes may do so at once."""

    def __init__(
        self,
        served: ServedBot,
        receiver: WebhookReceiver,
        receivers: Receivers,
        address: Address,
        find_lease: FindLease,
        clock: Clock,
    ) -> None:
        """`find_lease`: of polling, by a bot's id; raises TollgateError. `clock`: in real time."""
        self.served = served
        self.begun = asyncio.Event()
        self._receiver = receiver
        self._receivers = receivers
        self._address = address
        self._find_lease = find_lease
        self._clock = clock
        self._removed = RemovedWebhook()
        self._stopping = asyncio.Event()
        self._ended: asyncio.Event | None = None

    @property
    def state(self) -> str:
        return f"webhook {urlsplit(self._address.url)._replace(query='').geturl()}"

    async def serve(self) -> None:
        """Take updates until `stop`. Raises CannotStart when Telegram refuses the address."""
        self._ended = ended = asyncio.Event()
        bot, dispatcher = self.served.bot, self.served.dispatcher
        names = {**dispatcher.workflow_data, "dispatcher": dispatcher, "bots": (bot,)}
        try:
            await dispatcher.emit_startup(**names, bot=bot)
            # before Telegram is told: another process may have told it already
            self._receivers.open(bot.id, self._receiver)
            self.begun.set()
            await self._until_stopped()
        finally:
            self._receiver.close()
            try:
                await dispatcher.emit_shutdown(**names, bot=bot)
            finally:
                self._receivers.ended()
                ended.set()

    async def stop(self) -> bool:
        """Take no more updates, and wait for the shutdown handlers. False: it had not started."""
        if self._ended is None:
            return False
        self._stopping.set()
        await self._ended.wait()
        return True

    async def _until_stopped(self) -> None:
        """Set the webhook, and see every minute whether somebody has removed it."""
        while not self._stopping.is_set():
            try:
                await self._set()
                break
            except REFUSED as error:
                words = logs.mask(" ".join(error.message.split())[:300])
                raise CannotStart(f"PUBLIC_BASE_URL: Telegram refuses it for the webhook: {words}") from None
            except TELEGRAM_ERRORS as error:
                log.warning("webhook.not_set", bot_id=self.served.bot.id, error=type(error).__name__)
                await self._wait(AGAIN_S)
        while not self._stopping.is_set():
            await self._wait(LOOK_EVERY_S)
            if not self._stopping.is_set():
                await self.look()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def look(self) -> None:
        """Set the webhook again when it has been removed for minutes, updates wait, and no process polls.

        Another one that is set, of ours or of somebody else, stays.
        """
        bot = self.served.bot
        try:
            info = await bot.get_webhook_info()
            lease = None if info.url else await self._find_lease(bot.id)
            waiting, beat = info.pending_update_count, None if lease is None else lease.beat
            if not self._removed.saw(self._clock.monotonic(), is_removed=not info.url, beat=beat, waiting=waiting):
                return
            log.warning("webhook.removed_by_others", bot_id=bot.id, waiting=waiting)
            await self._set()
            self._removed.forget()
        except NOT_ANSWERED as error:
            log.warning("webhook.not_looked_at", bot_id=bot.id, error=type(error).__name__)
            self._removed.forget()

    async def _set(self) -> None:
        """Have Telegram post here, unless it does so already. What waits with Telegram is posted, too."""
        bot, allowed = self.served.bot, list(self.served.allowed_updates)
        info = await bot.get_webhook_info()
        if self._address.is_set(info, allowed):
            return
        await bot.set_webhook(
            self._address.url,
            secret_token=self._address.secret,
            max_connections=MAX_CONNECTIONS,
            allowed_updates=allowed,
            drop_pending_updates=False,
        )
        log.info("webhook.set", bot_id=bot.id, waiting=info.pending_update_count)
