"""The control calls that make the server fail: planned faults, and a restart."""

from typing import Any

from aiohttp import web

from sandbox.arguments import as_flag, as_int, as_number, get_bot, read_body
from sandbox.errors import ControlError
from sandbox.state.faults import poison
from sandbox.state.restarts import ANSWERS
from sandbox.state.world import World

Json = dict[str, Any]


class DisturbingRoutes:
    """The endpoints. ControlError becomes {"error": sentence}."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def add_fault(self, request: web.Request) -> Json:
        body = await read_body(request)
        bot = get_bot(self.world, body["bot"]) if body.get("bot") is not None else None
        fault = self.world.faults.add(body, bot.id if bot else None)
        if fault.kind == "poison_update":
            for hit in [bot] if bot is not None else self.world.bots.values():
                kind, payload = poison(fault.effect, hit.id, self.world.now())
                hit.queue.push(kind, payload, self.world.clock.now())
                fault.hits += 1
        return {"id": fault.id}

    async def restart(self, request: web.Request) -> Json:
        body = await read_body(request)
        answer, restarts = str(body.get("answer", ANSWERS[0])), self.world.restarts
        if answer not in ANSWERS:
            raise ControlError(f'"answer" must be one of {", ".join(ANSWERS)}')
        cut = restarts.begin(
            as_number(body.get("down_s", 0), "down_s"),
            answer,
            executes=as_flag(body.get("executes", False), "executes"),
        )
        for bot in self.world.bots.values():
            bot.queue.end_wait()
        self.world.changed.fire()
        return {"cut": cut}

    async def remove_faults(self, request: web.Request) -> Json:
        wanted = request.match_info.get("fault")
        self.world.faults.remove(as_int(wanted, "fault") if wanted else None)
        return {"ok": True}
