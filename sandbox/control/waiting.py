"""The control calls that wait: for a conversation, idle bots, the clock, a fault; and the event stream."""

import json
from typing import Any

from aiohttp import web

from sandbox.arguments import as_int, as_number, find_int, get_bot, get_dialog
from sandbox.chats.transcript import Condition, transcript
from sandbox.errors import ControlError
from sandbox.state.records import Bot
from sandbox.state.signals import pause
from sandbox.state.world import World

Json = dict[str, Any]

MAX_WAIT_S = 300.0
#: How long the bots have to stay idle before `idle` returns, real milliseconds.
QUIET_MS = 20


class WaitingRoutes:
    """The endpoints that wait. They are woken by changes and do not poll."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def wait(self, request: web.Request) -> Json:
        """The transcript once the condition is met; 408 after `timeout_s` real seconds.

        Without `since`, changes count from the person's last action towards the bot.
        """
        query = dict(request.query)
        dialog = get_dialog(self._world, query.get("user"), query.get("bot"))
        since = as_int(query.get("since", dialog.acted_after), "since")
        deleted, count = find_int(query, "deleted"), find_int(query, "count")
        condition = Condition(dialog, since, query.get("contains"), deleted, count)
        if not await dialog.changed.until(condition.holds, timeout_of(query)):
            wanted = {name: query[name] for name in ("contains", "deleted", "count") if name in query}
            raise ControlError(f"nothing like {wanted or 'a change'} happened within {timeout_of(query):g} s", 408)
        return transcript(self._world, dialog, since)

    async def idle(self, request: web.Request) -> Json:
        """Return once all updates were fetched and no call is running, for `quiet_ms` without a change. Best effort.

        Bots that never called getUpdates and have no webhook are ignored unless named, and a bot that works without
        calling the Bot API counts as idle.
        """
        query = dict(request.query)
        bot = get_bot(self._world, query["bot"]) if "bot" in query else None
        quiet_s = as_number(query.get("quiet_ms", QUIET_MS), "quiet_ms") / 1000
        deadline = self._world.clock.now() - self._world.clock.offset_s + timeout_of(query)
        while True:
            left = deadline - (self._world.clock.now() - self._world.clock.offset_s)
            if not await self._world.changed.until(lambda: self._is_idle(bot), max(left, 0.0)):
                raise ControlError(f"the bots were not idle within {timeout_of(query):g} s", 408)
            seen = (self._world.calls.last, self._world.seq)
            await pause(quiet_s)
            if self._is_idle(bot) and seen == (self._world.calls.last, self._world.seq):
                return {"ok": True, "seq": self._world.seq}

    def _is_idle(self, bot: Bot | None) -> bool:
        bots = [bot] if bot is not None else [known for known in self._world.bots.values() if known.takes_updates]
        return self._world.calls.in_flight == 0 and not any(known.has_news for known in bots)

    async def clock(self, request: web.Request) -> Json:
        """The clock. With `after`, wait until its version differs from that, at most `timeout_s`."""
        clock = self._world.clock
        if "after" in request.query:
            after = as_int(request.query["after"], "after")
            await clock.moved.until(lambda: clock.version != after, timeout_of(dict(request.query), 25.0))
        return shown_clock(self._world)

    async def faults(self, request: web.Request) -> Json:
        """The planned faults. With `hit`, wait until that fault has hit a call, at most `timeout_s`."""
        query = dict(request.query)
        if "hit" in query:
            fault = self._world.faults.find(as_int(query["hit"], "hit"))
            await self._world.changed.until(lambda: fault.hits > 0, timeout_of(query))
        return {"faults": self._world.faults.listed()}

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events, until the client disconnects."""
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        queue = self._world.events.listen()
        try:
            await response.write(b": hello\n\n")
            while True:
                event = await queue.get()
                await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        except ConnectionResetError:
            return response
        finally:
            self._world.events.leave(queue)


def shown_clock(world: World) -> Json:
    """The clock as the control API shows it."""
    return {"now": world.clock.now(), "offset_s": world.clock.offset_s, "version": world.clock.version}


def timeout_of(query: dict[str, str], default: float = 10.0) -> float:
    """Read `timeout_s` of a waiting call in real seconds, at most MAX_WAIT_S. Raises ControlError."""
    return min(max(as_number(query.get("timeout_s", default), "timeout_s"), 0.0), MAX_WAIT_S)
