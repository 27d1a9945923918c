"""Alerts to people: one message per incident and one when it is over, across processes and restarts."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from html.parser import HTMLParser
from typing import Protocol

import structlog

from core.clock import Clock, SystemClock
from core.incidents import CloseDecision
from monitoring import metrics
from monitoring.incident_store import IncidentStore, SharedIncidentStore

log = structlog.get_logger("tollgate.alerts")

#: sends one HTML sentence to the owners and says whether it reached any; raises nothing for a Telegram failure
Tell = Callable[[str], Awaitable[bool]]
#: telling people takes no longer, in seconds; an incident is another process's to tell after a minute
TELL_WITHIN_S = 40.0


class State(StrEnum):
    """What a machine is told of an incident. A closed list."""

    OPEN = "open"
    CLEAR = "clear"
    #: something that happened and has no end
    NOTE = "note"


class AlertSink(Protocol):
    """A second way, for machines (`monitoring.webhook.AlertWebhook`)."""

    async def __call__(self, incident: str | None, state: str, text: str, at: datetime) -> bool:
        """Hand over one alert, `text` without HTML; whether it arrived. Raises nothing ordinary."""
        ...


class Alerts:
    """Tells people of an incident once, and once of its end."""

    def __init__(
        self,
        tell: Tell,
        *,
        book: IncidentStore | None = None,
        post: AlertSink | None = None,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`book` remembers for all processes; without it this one remembers for itself."""
        self._tell = tell
        self._post = post
        self._clock = clock or SystemClock()
        self._book = SharedIncidentStore(book, monotonic)

    async def raise_once(self, incident: str, html: str) -> bool:
        """Tell people unless they know of this incident; returns whether they were told now.

        An incident of which nobody could be told is told by whoever raises it next.
        """
        if not await self._book.begin(incident, self._clock.now()):
            return False
        reached = await self._send(incident, State.OPEN, html)
        await self._book.note(incident, self._clock.now(), is_told=reached)
        log.warning("alert.raised", incident=incident, reached=reached)
        return reached

    async def tell(self, html: str) -> bool:
        """Tell people of something that has no end; returns whether anybody was reached."""
        return await self._send(None, State.NOTE, html)

    async def clear(self, incident: str, html: str | None = None) -> bool:
        """The incident is over: the next one is told again. `html` goes to those who were told of it.

        Cheap while it is not open. False: it is open still, for nobody could be told, or another process is telling
        of it at this moment: ask again later.
        """
        if not await self._book.is_open(incident):
            return True
        ending = await self._book.begin_end(incident, self._clock.now())
        if ending is CloseDecision.NOTHING:
            return False
        is_told = True
        if html is not None and ending is CloseDecision.NOTIFY:
            is_told = await self._send(incident, State.CLEAR, html)
        await self._book.note_end(incident, self._clock.now(), is_told=is_told)
        log.info("alert.cleared", incident=incident, reached=is_told)
        return is_told

    async def _send(self, incident: str | None, state: State, html: str) -> bool:
        """To the owners and to the machines at the same time; whether anybody was reached."""
        ways = [self._in_time(self._tell(html))]
        if self._post is not None:
            ways.append(self._in_time(self._post(incident, state, plain(html), self._clock.now())))
        reached = any(await asyncio.gather(*ways))
        metrics.ALERTS.labels(state=state.value, outcome="reached" if reached else "lost").inc()
        return reached

    async def _in_time(self, telling: Awaitable[bool]) -> bool:
        try:
            async with asyncio.timeout(TELL_WITHIN_S):
                return await telling
        except TimeoutError:
            log.warning("alert.too_slow")
            return False


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain(html: str) -> str:
    """The words of an HTML message, for whoever does not read HTML."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts)
