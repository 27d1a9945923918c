"""Notice that another program polls with a bot's token: the owners are alerted once, and once when it has stopped."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from core.clock import Clock
from core.health.findings import Finding, Trouble
from core.supervisor import Supervisor
from monitoring.alerts import Alerts
from sender.failures import TELEGRAM_ERRORS, classify
from sender.refusals import Failure
from views.system import health_texts

if TYPE_CHECKING:
    import asyncio

    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

log = structlog.get_logger("tollgate.process")

#: a second conflict within so many seconds is no rest of a restart, whose last poll Telegram may still hold (50 s)
AGAIN_WITHIN_S = 120.0
#: seconds without a conflict after which the other program has stopped. Long: while updates arrive, no poll waits, and
#: two programs take updates from each other without a conflict (BOTAPI §2.2)
OVER_AFTER_S = 600.0
_GET_UPDATES = "getUpdates"


class PollingWatch:
    """Session middleware of one bot, called for each of its calls. Register it once per process.

    Alerts are sent by a task: the next poll does not wait for them. aiogram itself polls on for ever, whatever Telegram
    answers (BOTAPI §7.2). A conflict with a webhook is the health check's part.
    """

    def __init__(self, name: str, alerts: Alerts, clock: Clock, tasks: Supervisor) -> None:
        """`name` is "user_bot" or "admin_bot"."""
        self._finding = Finding(trouble=Trouble.SECOND_POLLER, subject=name)
        self._alerts = alerts
        self._clock = clock
        self._tasks = tasks
        self._conflict_at: float | None = None
        self._polled_at: float | None = None
        #: since when no conflict has come; None: there is no incident to end. Another process may have left one open
        self._quiet_since: float | None = None
        self._telling: asyncio.Task[Any] | None = None

    async def __call__(
        self,
        make_request: "NextRequestMiddlewareType[TelegramType]",
        bot: "Bot",
        method: "TelegramMethod[TelegramType]",
    ) -> "Response[TelegramType]":
        if method.__api_method__ != _GET_UPDATES:
            return await make_request(bot, method)
        self._polls()
        try:
            answer = await make_request(bot, method)
        except TELEGRAM_ERRORS as error:
            if classify(error) is Failure.CONFLICT and "webhook" not in str(error).lower():
                self._conflict()
            raise
        self._answered()
        return answer

    def _polls(self) -> None:
        """Begin anew behind a time in which another process of ours polled: what it saw is not known here."""
        now = self._clock.monotonic()
        if self._polled_at is None or now - self._polled_at > AGAIN_WITHIN_S:
            self._conflict_at, self._quiet_since = None, now
        self._polled_at = now

    def _conflict(self) -> None:
        now, before = self._clock.monotonic(), self._conflict_at
        self._conflict_at = self._quiet_since = now
        log.warning("polling.conflict", bot=self._finding.subject)
        if before is not None and now - before <= AGAIN_WITHIN_S:
            self._tell(self._open)

    def _answered(self) -> None:
        if self._quiet_since is not None and self._clock.monotonic() - self._quiet_since >= OVER_AFTER_S:
            self._tell(self._close)

    def _tell(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._telling is None or self._telling.done():
            self._telling = self._tasks.spawn(work(), f"polling watch {self._finding.subject}")

    async def _open(self) -> None:
        await self._alerts.raise_once(self._finding.incident, partial(health_texts.alert, self._finding))

    async def _close(self) -> None:
        quiet_since = self._quiet_since
        is_closed = await self._alerts.clear(self._finding.incident, partial(health_texts.all_clear, self._finding))
        if is_closed and self._quiet_since == quiet_since:
            self._quiet_since = None
