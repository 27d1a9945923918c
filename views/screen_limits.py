"""What a screen may hold so that it can be read at a glance on a phone. Checked by a test over every screen."""

import re
from html import unescape

from aiogram.types import InlineKeyboardButton

from views.screens import BACK, MENU_DATA, Screen

LINES_MAX = 12
#: lines of an expandable quote that apps show until it is opened
_QUOTE_SHOWN = 3
#: of the text as it is read, without tags
CHARACTERS_MAX = 700
ROWS_MAX = 8
#: characters of a button on a row of its own, and beside another one
WIDE_MAX, HALF_MAX = 40, 20
#: buttons in a row -> the longest label: a pager, the steps of a number, weekdays
NARROW = {3: 12, 4: 5, 7: 4}
#: Telegram's limits (Bot API): bytes of callback data, characters that a button copies
DATA_MAX, COPY_MAX = 64, 256
_QUOTE = re.compile(r"(<blockquote expandable>)(.*?)(</blockquote>)", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def plain(html: str) -> str:
    """Return the text of a message as it is read at a glance: of an expandable quote the first lines."""
    return unescape(_TAG.sub("", _QUOTE.sub(_folded, html)))


def _folded(quote: re.Match[str]) -> str:
    return "\n".join(quote[2].split("\n")[:_QUOTE_SHOWN])


def fits(html: str) -> bool:
    """Return whether a text stays within the lines and characters of a screen."""
    text = plain(html)
    return len(text) <= CHARACTERS_MAX and text.count("\n") < LINES_MAX


def problems_of(screen: Screen) -> list[str]:
    """Return a sentence for each limit the screen exceeds; `[]` when it holds all of them."""
    text = plain(screen.text)
    found = []
    if len(text) > CHARACTERS_MAX:
        found.append(f"{len(text)} characters of text, {CHARACTERS_MAX} are the most")
    if text.count("\n") + 1 > LINES_MAX:
        found.append(f"{text.count(chr(10)) + 1} lines of text, {LINES_MAX} are the most")
    rows = screen.keyboard.inline_keyboard if screen.keyboard else []
    if len(rows) > ROWS_MAX:
        found.append(f"{len(rows)} rows of buttons, {ROWS_MAX} are the most")
    for row in rows:
        found += _problems_of_row(row)
    return found + _problems_of_back(screen, rows)


def _problems_of_row(row: list[InlineKeyboardButton]) -> list[str]:
    limit = {1: WIDE_MAX, 2: HALF_MAX, **NARROW}.get(len(row))
    if limit is None:
        return [f"{len(row)} buttons in the row of {row[0].text!r}"]
    found = [
        f"{one.text!r} has {len(one.text)} characters, {limit} are the most" for one in row if len(one.text) > limit
    ]
    for one in row:
        if one.callback_data is not None and len(one.callback_data.encode()) > DATA_MAX:
            found.append(f"{one.text!r} has {len(one.callback_data.encode())} bytes of callback data")
        if one.copy_text is not None and not 1 <= len(one.copy_text.text) <= COPY_MAX:
            found.append(f"{one.text!r} copies {len(one.copy_text.text)} characters")
    return found


def _problems_of_back(screen: Screen, rows: list[list[InlineKeyboardButton]]) -> list[str]:
    """The last row leads back, and to the Menu; no other row does."""
    if screen.parent is None:
        return []
    backs = [row for row in rows if row[0].text.startswith(f"{BACK} ") and row[0].callback_data == screen.parent.data]
    if backs != [rows[-1]]:
        return [f"{len(backs)} rows lead back to {screen.parent.name}"]
    to_menu = [one for row in rows for one in row if one.callback_data == MENU_DATA]
    return [] if len(to_menu) == 1 else [f"{len(to_menu)} buttons lead to the Menu"]
