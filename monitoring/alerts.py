"""Alerts to the owners: one message when an incident opens and one when it is over, across processes and restarts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from datetime import datetime
from enum import StrEnum
from html.parser import HTMLParser
from typing import Protocol

import structlog

from core.clock import Clock, SystemClock
from core.health.incidents import CloseDecision
from monitoring import metrics
from monitoring.incident_store import IncidentStore, SharedIncidentStore

log = structlog.get_logger("tollgate.alerts")

#: makes an HTML message in the language spoken where it is called: each owner reads their own
Words = Callable[[], str]
#: sends one message to the owners; whether it reached any. A failure of Telegram is False, not an exception
SendToOwners = Callable[[Words], Awaitable[bool]]
#: seconds one alert may take; below `incident_store.CLAIM_FOR`, after which another process sends it again
SEND_TIMEOUT_S = 40.0


def first_that_reaches(*senders: SendToOwners) -> SendToOwners:
    """Return a sender that tries each of `senders` until one reaches somebody."""

    async def send(words: Words) -> bool:
        for one in senders:
            if await one(words):
                return True
        return False

    return send


class AlertState(StrEnum):
    """The state of an incident in an alert for machines. A closed list."""

    OPEN = "open"
    CLEAR = "clear"
    #: an event that has no end
    NOTE = "note"


class AlertSink(Protocol):
    """Delivers alerts to a machine (`monitoring.webhook.AlertWebhook`)."""

    async def __call__(self, incident: str | None, state: str, text: str, at: datetime) -> bool:
        """Deliver one alert; `text` is plain text. Returns whether it was accepted; raises only CancelledError."""
        ...


class Alerts:
    """Notifies the owners, and the sink if there is one, once when an incident opens and once when it is over."""

    def __init__(
        self,
        send_to_owners: SendToOwners,
        *,
        store: IncidentStore | None = None,
        sink: AlertSink | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`store` is shared by all processes; without it this process remembers incidents in memory."""
        self._send_to_owners = send_to_owners
        self._sink = sink
        self._clock = clock or SystemClock()
        self._incidents = SharedIncidentStore(store, self._clock)

    async def raise_once(self, incident: str, words: Words) -> bool:
        """Send the alert unless this incident has been notified already; whether this call reached anyone.

        A failed alert is sent again by the next call, in whichever process.
        """
        if not await self._incidents.claim_open(incident, self._clock.now()):
            return False
        return await self._send_opening(incident, words)

    async def tell(self, incident: str, words: Words) -> bool:
        """Do as `raise_once`; False only when this call's alert reached nobody.

        True: people know of the incident, or another call or process is notifying them at this moment.
        """
        if not await self._incidents.claim_open(incident, self._clock.now()):
            return True
        return await self._send_opening(incident, words)

    async def _send_opening(self, incident: str, words: Words) -> bool:
        reached = await self._send(incident, AlertState.OPEN, words)
        await self._incidents.finish_open(incident, self._clock.now(), is_notified=reached)
        log.warning("alert.raised", incident=incident, reached=reached)
        return reached

    async def notify(self, words: Words) -> bool:
        """Send an alert about something that has no end; whether it reached anyone."""
        return await self._send(None, AlertState.NOTE, words)

    async def clear(self, incident: str, words: Words | None = None) -> bool:
        """Close the incident. `words` are sent if its opening was notified; a later `raise_once` alerts again.

        For an incident that is not open this costs one query in 10 seconds. False: it stays open, because the all-clear
        could not be delivered or another process has the claim on the incident; call again later.
        """
        if not await self._incidents.is_open(incident):
            return True
        decision = await self._incidents.claim_close(incident, self._clock.now())
        if decision is CloseDecision.NOTHING:
            return False
        is_notified = True
        if words is not None and decision is CloseDecision.NOTIFY:
            is_notified = await self._send(incident, AlertState.CLEAR, words)
        await self._incidents.finish_close(incident, self._clock.now(), is_notified=is_notified)
        log.info("alert.cleared", incident=incident, reached=is_notified)
        return is_notified

    async def _send(self, incident: str | None, state: AlertState, words: Words) -> bool:
        """Send to the owners and to the sink concurrently; whether at least one was reached."""
        deliveries = [self._with_timeout(self._send_to_owners(words))]
        if self._sink is not None:
            # a machine reads English, whomever the present task speaks to
            text = plain_text(Context().run(words))
            alert = self._sink(incident, state, text, self._clock.now())
            deliveries.append(self._with_timeout(alert))
        reached = any(await asyncio.gather(*deliveries))
        metrics.ALERTS.labels(state=state.value, outcome="reached" if reached else "lost").inc()
        return reached

    async def _with_timeout(self, delivery: Awaitable[bool]) -> bool:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await delivery
        except TimeoutError:
            log.warning("alert.too_slow")
            return False


class _TextParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain_text(html: str) -> str:
    """Strip the tags of an HTML message and resolve its entities."""
    parser = _TextParser()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts)
