"""A screen: a text, rows of buttons, and the screen it belongs to. Pure; `admin_bot.screens` shows it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from views.buttons import Row, button, keyboard
from views.language import _

#: callback data of the Menu
MENU_DATA = "go:menu"
#: begins the button that leads back; clients mirror it in right-to-left languages
BACK = "‹"


@dataclass(frozen=True, slots=True)
class Parent:
    """The screen one level up."""

    #: its name; of a section what looks it up, because parents are made at import, too
    words: str | Callable[[], str]
    #: callback data that shows it
    data: str

    @property
    def name(self) -> str:
        """What is on the button, behind `‹`."""
        return self.words if isinstance(self.words, str) else self.words()


@dataclass(frozen=True, slots=True)
class Screen:
    """What a message shows. Limits: `views.screen_limits`."""

    #: HTML
    text: str
    rows: tuple[Row, ...] = ()
    #: adds the last row: `‹ Name`, and `Menu` where the Menu is further up. None: the Menu itself, or a message that is
    #: no screen (a new post's answer, a picker, progress)
    parent: Parent | None = None

    @property
    def keyboard(self) -> InlineKeyboardMarkup | None:
        """Its buttons with the last row; None when there are none."""
        rows = [*(row for row in self.rows if row), *self._last_row()]
        return keyboard(*rows) if rows else None

    def _last_row(self) -> list[Row]:
        if self.parent is None:
            return []
        back = button(f"{BACK} {self.parent.name}", self.parent.data)
        return [[back]] if self.parent.data == MENU_DATA else [[back, button(menu(), MENU_DATA)]]

    def with_note(self, note: str | None) -> "Screen":
        """Return the same screen with a paragraph (HTML) above its text; unchanged for None."""
        return replace(self, text=f"{note}\n\n{self.text}") if note else self

    def with_row(self, *buttons: InlineKeyboardButton) -> "Screen":
        """Return the same screen with one more row above the last one."""
        return replace(self, rows=(*self.rows, list(buttons)))


def menu() -> str:
    """Return the name of the Menu, on the buttons that lead there."""
    return _("Menu")


def in_pairs(buttons: list[InlineKeyboardButton]) -> tuple[Row, ...]:
    """Return rows of two buttons; the last one has the odd one out."""
    return tuple(buttons[start : start + 2] for start in range(0, len(buttons), 2))
