"""Every screen is read at a glance: at most twelve lines, 700 characters and eight rows, with the way back last."""

import importlib
import pkgutil

import pytest
from aiogram.types import InlineKeyboardButton

from tests.unit.views import gallery
from views.screen_limits import problems_of
from views.screens import MENU_DATA, Parent, Screen

_MODULES = [
    importlib.import_module(f"{gallery.__name__}.{found.name}")
    for found in pkgutil.iter_modules(gallery.__path__)
    if not found.name.startswith("test_")
]
ALL = [
    pytest.param(screen, id=f"{module.__name__.rpartition('.')[2]}: {name}")
    for module in _MODULES
    for name, screen in module.SCREENS.items()
]


@pytest.mark.parametrize("screen", ALL)
def test_screen_stays_within_its_limits(screen: Screen) -> None:
    assert problems_of(screen) == []


PARENT = Parent("Posts", "go:posts")
MENU = Parent("Menu", MENU_DATA)


def _row(*texts: str, data: str = "x") -> list[InlineKeyboardButton]:
    return [InlineKeyboardButton(text=text, callback_data=data) for text in texts]


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (Screen("\n" * 11), Screen("\n" * 12)),
        (Screen(f"<b>{'x' * 700}</b>"), Screen("x" * 701)),
        (Screen("<blockquote expandable>" + "x\n" * 20 + "</blockquote>"), Screen("<blockquote>" + "x\n" * 20)),
        (Screen("x", tuple([_row("a")] * 7), PARENT), Screen("x", tuple([_row("a")] * 8), PARENT)),
        (Screen("x", (_row("a" * 40),)), Screen("x", (_row("a" * 41),))),
        (Screen("x", (_row("a" * 20, "b"),)), Screen("x", (_row("a" * 21, "b"),))),
        (Screen("x", (_row("‹ 1–6", "2 of 9", "13–18 ›"),)), Screen("x", (_row("a", "b", "c" * 13),))),
        (Screen("x", (_row("−10", "−1", "+1", "+10"),)), Screen("x", (_row("−10000", "−1", "+1", "+10"),))),
        (Screen("x", (_row(*"MTWTFSS"),)), Screen("x", (_row(*"MTWTF"),))),
        (Screen("x", (_row("a", data="d" * 64),)), Screen("x", (_row("a", data="d" * 65),))),
        (Screen("x", (), MENU), Screen("x", (_row("‹ Menu", data=MENU_DATA),), MENU)),
    ],
)
def test_a_screen_beyond_a_limit_is_found(inside: Screen, outside: Screen) -> None:
    assert problems_of(inside) == []
    assert len(problems_of(outside)) == 1


def test_the_third_level_leads_back_and_to_the_menu() -> None:
    card, section = Screen("x", (), PARENT).keyboard, Screen("x", (), MENU).keyboard
    assert card is not None and section is not None
    assert [one.text for one in card.inline_keyboard[-1]] == ["‹ Posts", "Menu"]
    assert [one.text for one in section.inline_keyboard[-1]] == ["‹ Menu"]
