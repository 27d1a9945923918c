"""Planned faults (rows 7, 14, 21, 25, 26): which calls they hit, and with what effect."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import ControlError

Json = dict[str, Any]

#: Effects that the method carries out itself, given to it as `Call.effect`.
INNER = frozenset({"partial", "zero_ids"})
#: How a call with several messages ends after only some were sent (BOTAPI §2.5, Client.cpp on_message_send_failed): 400
#: that names the message or the group, an error of one message passed on as it is, or a lost connection.
PARTIAL_ENDS = ("wrapped", "group", "drop", 401, 406, 429, 500)
#: Effects after which the connection is reset.
CUTTING = frozenset({"drop_before", "drop_after", "hang", "hang_after"})
_REQUIRED: dict[str, tuple[str, ...]] = {
    "error": ("status", "description"),
    "flood": ("retry_after",),
    "html": ("status",),
    "empty": ("status",),
    "no_description": ("status",),
    "delay": ("ms",),
    "hang": (),
    "hang_after": (),
    "drop_before": (),
    "drop_after": (),
    "restart_after": (),
    "partial": ("deliver",),
    "zero_ids": (),
    "duplicate_update": (),
    "unauthorized": (),
    "poison_update": (),
}
#: Effects on the update queue instead of on a call: applied to the next batch, or at once.
_FETCHING = frozenset({"duplicate_update", "poison_update"})


@dataclass(slots=True, eq=False)
class Fault:
    """A planned fault. It skips `skip` matching calls, then hits `times` of them (None: all)."""

    id: int
    method: str
    effect: Json
    bot_id: int | None = None
    chat_id: str | None = None
    skip: int = 0
    times: int | None = 1
    hits: int = 0
    #: Set when the fault is removed: hanging calls are aborted then, without being executed.
    removed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def kind(self) -> str:
        """The effect's name."""
        return str(self.effect["kind"])

    @property
    def cuts(self) -> bool:
        """Whether the connection is reset instead of an answer."""
        return self.kind in CUTTING or (self.kind == "partial" and self.effect.get("end") == "drop")

    def shown(self) -> Json:
        """The fault as the control API lists it."""
        shown: Json = {"id": self.id, "method": self.method, "skip": self.skip, "times": self.times}
        shown |= {"hits": self.hits, "effect": self.effect}
        if self.bot_id is not None:
            shown["bot"] = self.bot_id
        return shown | ({"chat_id": self.chat_id} if self.chat_id is not None else {})

    def matches(self, method: str, bot_id: int, chat_id: str) -> bool:
        """Whether the fault applies to a call. `*` is every method except getUpdates, which has to be named."""
        named = self.method.lower() == method.lower() or (self.method == "*" and method != "getUpdates")
        right_bot = self.bot_id is None or self.bot_id == bot_id
        return named and right_bot and (self.chat_id is None or self.chat_id == chat_id)

    def hit(self) -> bool:
        """Count one matching call. False while calls are skipped, and when the fault is used up."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.hits += 1
        return True


class Faults:
    """The planned faults, oldest first. A call is hit by the first that matches."""

    def __init__(self) -> None:
        self._planned: dict[int, Fault] = {}
        self._last_id = 0

    def add(self, wanted: Json, bot_id: int | None) -> Fault:
        """Plan a fault from a control call. Raises ControlError for an unknown or incomplete effect."""
        effect = wanted.get("effect")
        kind = effect.get("kind") if isinstance(effect, dict) else None
        if not isinstance(effect, dict) or kind not in _REQUIRED:
            raise ControlError(f"effect.kind must be one of {', '.join(_REQUIRED)}")
        missing = [name for name in _REQUIRED[kind] if name not in effect]
        if missing:
            raise ControlError(f"the effect {kind} needs {' and '.join(missing)}")
        if kind == "partial":
            _check_partial(effect)
        fault = Fault(self._last_id + 1, str(wanted.get("method") or "*"), effect, bot_id)
        if wanted.get("chat_id") is not None:
            fault.chat_id = str(wanted["chat_id"])
        fault.skip = _count(wanted.get("skip") or 0, "skip")
        times = wanted.get("times", 1)
        fault.times = None if times is None else _count(times, "times")
        self._last_id = fault.id
        self._planned[fault.id] = fault
        return fault

    def take(self, method: str, bot_id: int, chat_id: str) -> Fault | None:
        """Return the fault that hits this call, and count the hit; None without one."""
        for fault in self._planned.values():
            if fault.kind not in _FETCHING and fault.matches(method, bot_id, chat_id) and fault.hit():
                return fault
        return None

    def takes_batch(self, bot_id: int) -> bool:
        """Whether the batch for this bot has to be delivered twice; counts the hit."""
        planned = [fault for fault in self._planned.values() if fault.kind == "duplicate_update"]
        return any(fault.bot_id in (None, bot_id) and fault.hit() for fault in planned)

    def listed(self) -> list[Json]:
        """All planned faults, including used-up ones."""
        return [fault.shown() for fault in self._planned.values()]

    def find(self, fault_id: int) -> Fault:
        """Return the fault of that id. Raises ControlError for an unknown one."""
        if fault_id not in self._planned:
            raise ControlError(f"there is no fault {fault_id}", 404)
        return self._planned[fault_id]

    def remove(self, fault_id: int | None = None) -> None:
        """Remove one fault, or all; calls that hang on them are aborted. Raises ControlError for an unknown id."""
        if fault_id is not None:
            self.find(fault_id)
        for known in [fault_id] if fault_id is not None else list(self._planned):
            self._planned.pop(known).removed.set()


def _check_partial(effect: Json) -> None:
    if effect.get("end", PARTIAL_ENDS[0]) not in PARTIAL_ENDS:
        raise ControlError(f"effect.end must be one of {', '.join(map(str, PARTIAL_ENDS))}")
    for name in ("deliver", "retry_after"):
        _count(effect.get(name, 0), f"effect.{name}")


def _count(found: object, name: str) -> int:
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise ControlError(f'"{name}" must be a whole number from 0')
    return found


def poison(effect: Json, bot_id: int, now: int) -> tuple[str, Any]:
    """Kind and payload of an update that no client can parse (row 25).

    `effect["update"]`, an object like {"my_kind": {…}}, is used unchanged; the default is a `my_chat_member` with an
    unknown status.
    """
    custom = effect.get("update")
    if isinstance(custom, dict) and custom:
        return next(iter(custom.items()))
    user = {"id": bot_id, "is_bot": True, "first_name": "Poison"}
    return "my_chat_member", {
        "chat": {"id": -1009999999999, "type": "channel", "title": "Poison"},
        "from": {"id": 9_999_999, "is_bot": False, "first_name": "Poison"},
        "date": now,
        "old_chat_member": {"user": user, "status": "left"},
        "new_chat_member": {"user": user, "status": "unheard_of"},
    }
