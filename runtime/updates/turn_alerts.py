"""Tell that nobody polls for a bot, as far as a process knows: its owners, metrics and /readyz; and when it is over."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog

from core.clock import Clock
from core.health.findings import Finding, Trouble
from core.processes.polling_lease import UNPOLLED
from core.supervisor import Supervisor
from monitoring import metrics
from monitoring.alerts import Alerts
from runtime.updates.polling import POLLING
from views.system import polling_texts

if TYPE_CHECKING:
    import asyncio

log = structlog.get_logger("tollgate.process")

#: seconds between two attempts to tell the owners
AGAIN_S = 30.0


class TurnAlerts:
    """Called every few seconds by the `PollingTurn` of one bot. Alerts are sent by a task.

    Of several processes the one whose turn it was tells, from memory: mostly it is the database that is away. All show
    it in metrics and in /readyz.
    """

    def __init__(
        self,
        name: str,
        bot_id: int,
        alerts: Alerts,
        tasks: Supervisor,
        *,
        states: dict[str, str],
        clock: Clock,
        zone: ZoneInfo,
    ) -> None:
        """`name` is "user_bot" or "admin_bot"; `states` has what /readyz shows of each; `clock`: in real time."""
        self._finding = Finding(trouble=Trouble.NOBODY_POLLS, subject=name)
        self._states = states
        self._gauge = metrics.UNPOLLED_SINCE.labels(str(bot_id))
        self._polls = metrics.POLLS.labels(str(bot_id))
        self._alerts = alerts
        self._clock = clock
        self._zone = zone
        self._tasks = tasks
        self._since: datetime | None = None
        self._state_before: str | None = None
        #: it was this process's turn at some time since then
        self._was_own = False
        #: the owners know of it, or may
        self._is_told = False
        self._telling: asyncio.Task[Any] | None = None
        self._tried_s: float | None = None

    def __call__(self, since: datetime | None, is_own: bool) -> None:
        """Note since when nobody polls; None: somebody does. `is_own`: it was this process's turn."""
        if since is None:
            self._polled()
        else:
            self._unpolled(since, is_own)

    def _unpolled(self, since: datetime, is_own: bool) -> None:
        name = self._finding.subject
        if self._since is None:
            log.error("polling.nobody", bot=name, since=since.isoformat())
            self._since = since
        self._gauge.set(self._since.timestamp())
        self._polls.set(0)
        if self._states.get(name) != UNPOLLED:
            self._state_before, self._states[name] = self._states.get(name), UNPOLLED
        self._was_own |= is_own
        if self._was_own and not self._is_told:
            self._tell(self._open)

    def _polled(self) -> None:
        name = self._finding.subject
        if self._since is None:
            return
        self._gauge.set(0)
        if self._states.get(name) == UNPOLLED and self._state_before is not None:
            self._states[name] = self._state_before
        self._polls.set(int(self._states.get(name) == POLLING))
        if self._is_told:
            self._tell(self._close)
        else:
            self._since, self._was_own = None, False

    def _tell(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        now_s = self._clock.monotonic()
        is_early = self._tried_s is not None and now_s - self._tried_s < AGAIN_S
        if is_early or (self._telling is not None and not self._telling.done()):
            return
        self._tried_s = now_s
        self._telling = self._tasks.spawn(work(), f"polling turn alert {self._finding.subject}")

    async def _open(self) -> None:
        if self._since is not None:
            words = partial(polling_texts.nobody_polls, self._finding, self._since, self._clock.now(), self._zone)
            self._is_told = await self._alerts.tell(self._finding.incident, words)

    async def _close(self) -> None:
        if self._since is not None:
            words = partial(polling_texts.polled_again, self._finding, self._since, self._clock.now(), self._zone)
            if await self._alerts.clear(self._finding.incident, words):
                self._is_told, self._since, self._was_own = False, None, False
