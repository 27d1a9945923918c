"""Executes one Bot API call: flood control, faults, the method, a restart in the middle; and logs it."""

import asyncio
import inspect
import time
from dataclasses import dataclass, field

from sandbox.answers import Answer, cut_off, failed, injected, restarting
from sandbox.botapi import METHODS
from sandbox.errors import ApiError, bad_request
from sandbox.state.calls import PREVIEW_BYTES, Record
from sandbox.state.faults import INNER, Fault
from sandbox.state.records import Chat
from sandbox.state.signals import pause
from sandbox.wire import Call, encode, success


@dataclass(slots=True)
class Progress:
    """How far a call is."""

    answer: Answer = field(default_factory=cut_off)
    #: the fault or restart that changed it
    effect: str | None = None
    #: the method ran, or never will
    is_executed: bool = False
    #: the connection is reset instead of an answer
    is_cut: bool = False


async def run(call: Call) -> Progress:
    """Execute and log the call."""
    calls = call.world.calls
    started = time.perf_counter()
    calls.start(call.bot.id, call.method, call.text("chat_id"), call.world.clock.now())
    number = calls.last
    counts = call.method != "getUpdates"
    calls.in_flight += counts
    progress = Progress()
    try:
        if counts:
            await _run_until_restart(call, progress)
        else:
            await _answer(call, progress)
    finally:
        calls.in_flight -= counts
        _log(number, call, progress, started)
    return progress


async def _run_until_restart(call: Call, progress: Progress) -> None:
    """Answer the call. A restart answers it with 500, whether it was executed or not; getUpdates ends by itself."""
    restarts = call.world.restarts
    try:
        with restarts.running():
            await _answer(call, progress)
    except asyncio.CancelledError:
        if not restarts.was_cut():
            raise
        if restarts.executes and not progress.is_executed:
            await _invoke(call)
        progress.answer, progress.effect = restarting(), "restart"


async def _answer(call: Call, progress: Progress) -> None:
    world = call.world
    refused = await _pass_flood_control(call) if world.config.has_flood_control else None
    fault = _take_fault(call) if refused is None else None
    progress.effect = None if fault is None else fault.kind
    progress.is_executed = refused is not None
    if call.method != "getUpdates" and world.config.latency_ms:
        await pause(world.config.latency_ms / 1000)
    progress.answer = refused or await _execute(call, fault)
    progress.is_executed = True
    if fault is not None and fault.kind == "hang_after":
        await fault.removed.wait()
    progress.is_cut = fault is not None and fault.cuts


def _take_fault(call: Call) -> Fault | None:
    fault = call.world.faults.take(call.method, call.bot.id, call.text("chat_id"))
    if fault is not None:
        call.world.changed.fire()
    return fault


async def _execute(call: Call, fault: Fault | None) -> Answer:
    """The answer of the method, or of the fault that replaces it."""
    if fault is None:
        return await _invoke(call)
    effect = fault.effect
    if fault.kind in INNER:
        call.effect = effect
    elif fault.kind == "hang":
        await fault.removed.wait()
        return cut_off()
    elif fault.kind == "delay":
        await pause(float(effect["ms"]) / 1000)
    elif fault.kind not in ("drop_after", "hang_after", "restart_after"):
        return injected(effect)
    answer = await _invoke(call)
    if fault.kind == "partial" and fault.cuts:
        return cut_off()
    return restarting() if fault.kind == "restart_after" and answer.status == 200 else answer


def _log(number: int, call: Call, progress: Progress, started: float) -> None:
    answer = progress.answer
    world, calls = call.world, call.world.calls
    now = world.clock.now()
    chat_id = call.text("chat_id")
    asked = None if answer.retry_after_s is None else (now, now + answer.retry_after_s)
    calls.finish(call.bot.id, call.method, chat_id, answer.error, asked, answer.size)
    world.changed.fire()
    if world.events.has_listeners:
        world.events.publish({"seq": world.seq, "kind": "call", "bot": call.bot.id, "method": call.method})
    if not world.config.log_calls:
        return
    sizes = {name: len(part.content) for name, part in call.files.items()}
    record = Record(
        number,
        now,
        call.bot.id,
        call.method,
        call.params,
        sizes,
        answer.status,
        answer.body[:PREVIEW_BYTES],
        (time.perf_counter() - started) * 1000,
        answer.error,
        progress.effect,
        call.made,
    )
    calls.keep(record)


async def _invoke(call: Call) -> Answer:
    method = METHODS[call.method.lower()][1]
    try:
        result = method(call)
        if inspect.isawaitable(result):
            result = await result
    except ApiError as error:
        return failed(error)
    except UnicodeEncodeError:
        return failed(bad_request("strings must be encoded in UTF-8"))
    size = len(result) if isinstance(result, list) else 1
    return Answer(200, encode(success(result)), size=size)


async def _pass_flood_control(call: Call) -> Answer | None:
    """Wait until flood control admits the call, and return None; return the 429 when it refuses.

    A call refused in the middle is executed: it sends its first messages, then fails.
    """
    world, name, number = call.world, call.text("chat_id"), call.integer("chat_id")
    found = world.find_named(name) if name.startswith("@") else world.chats.get(number)
    chat = (number, "private") if name else None
    if isinstance(found, Chat):
        chat = (found.id, found.type)
    try:
        cut = await world.flood.admit(world.config, call.bot.id, call.method, chat, call.params)
    except ApiError as error:
        return failed(error)
    if cut is not None:
        call.effect = {"kind": "partial", "deliver": cut.sent, "end": 429, **(cut.error.parameters or {})}
    return None
