"""Undo: a step is stored with the conversation and taken back by the button below it, for ten minutes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiogram import Bot, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, InlineKeyboardButton

from admin_bot.conversation.dialogue import Dialogue
from admin_bot.screens import toast, turn_to
from core.clock import Clock
from core.team.admins import Role
from core.team.rights import Right, may
from views import admin_texts
from views.screens import Screen
from views.undo import UndoButton, undo_button

#: how long a step can be taken back
UNDO_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class UndoStep:
    """What was changed: plain JSON values, stored with the conversation."""

    #: names the function that takes it back
    kind: str
    #: what was changed: a code, a field's name, an id as text
    target: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a step."""

    #: as it is now; None leaves the pressed one
    screen: Screen | None = None
    #: nothing was taken back
    was_changed_since: bool = False


#: takes a step back for an admin, only if its target still has the value `after`
Undoer = Callable[[int, UndoStep], Awaitable[Undone]]


class UndoService:
    """The functions that take steps back, by kind. Subjects register theirs when they are built."""

    def __init__(self) -> None:
        self._undoers: dict[str, Undoer] = {}
        self._rights: dict[str, Right] = {}

    def register(self, kind: str, undoer: Undoer, right: Right) -> None:
        """`right`: what taking it back needs. Raises ValueError for a kind that is registered already."""
        if kind in self._undoers:
            raise ValueError(f"{kind} can be undone already")
        self._undoers[kind], self._rights[kind] = undoer, right

    def may_undo(self, role: Role, stored: dict[str, Any]) -> bool:
        """Return whether the role, which may be another one since the step, allows taking it back."""
        return may(role, self._rights.get(stored["kind"], Right.ENTER))

    async def offer(self, dialogue: Dialogue, step: UndoStep, now: datetime) -> InlineKeyboardButton:
        """Store a step that was just made; return its button. Raises KeyError for a kind nobody registered."""
        self._undoers[step.kind]
        stored = {"kind": step.kind, "target": step.target, "before": step.before, "after": step.after}
        return undo_button(await dialogue.keep_undo({**stored, "at": now.timestamp()}))

    async def undo(self, admin_id: int, stored: dict[str, Any], now: datetime) -> Undone | None:
        """Take a stored step back; None when its time is over or its kind is not known any more."""
        undoer = self._undoers.get(stored["kind"])
        if undoer is None or not 0 <= now.timestamp() - stored["at"] <= UNDO_FOR.total_seconds():
            return None
        return await undoer(admin_id, UndoStep(stored["kind"], stored["target"], stored["before"], stored["after"]))


async def undo(
    query: CallbackQuery,
    callback_data: UndoButton,
    bot: Bot,
    state: FSMContext,
    undo_service: UndoService,
    clock: Clock,
    role: Role,
) -> None:
    dialogue = Dialogue(state)
    stored = await dialogue.undo_step(callback_data.name)
    if stored is not None and not undo_service.may_undo(role, stored):
        await toast(query, admin_texts.not_your_role(role), alert=True)
        return
    done = await undo_service.undo(query.from_user.id, stored, clock.now()) if stored is not None else None
    if done is None:
        await toast(query, admin_texts.too_late_to_undo())
        return
    # forgotten only now: a repeated update finds the step, which changes nothing twice
    await dialogue.forget_undo(callback_data.name)
    note = admin_texts.changed_since() if done.was_changed_since else admin_texts.undone()
    if done.screen is None:
        await toast(query, note)
    else:
        await turn_to(query, bot, done.screen, note)


def build() -> Router:
    router = Router(name="admin undo")
    router.callback_query.register(undo, UndoButton.filter())
    return router
