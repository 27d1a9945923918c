"""Screens of shorteners."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardButton

from core.settings import Group
from core.shorteners.counts import ShortenerState, Tally
from core.shorteners.records import Shortener
from views.buttons import DANGER, PRIMARY, Row, button
from views.conflicts import conflict
from views.html import bare, cut
from views.language import _, pgettext
from views.navigation import GroupButton, Section, parent
from views.screens import Parent, Screen
from views.shorteners import texts
from views.shorteners.callbacks import (
    AddShortener,
    DraftAction,
    DraftButton,
    ShareButton,
    ShortenerAction,
    ShortenerButton,
    ShortenerPage,
)

#: shorteners on one page
PAGE = 6
#: characters of a name on a button of the list
_NAME_ON_ROW = 15
PARENT = parent(Section.SHORTENERS)
#: the group of settings with the row that opens the list
_UNLOCKING = Parent(lambda: _("Unlocking"), GroupButton(group=Group.UNLOCKING).pack())


@dataclass(frozen=True, slots=True)
class Entry:
    """One shortener with its counts and state."""

    one: Shortener
    state: ShortenerState
    counts: Tally = field(default_factory=Tally)
    #: of a hundred links, how many it is asked for; None: it is not asked
    percent: int | None = None

    def act(self, action: ShortenerAction) -> str:
        return ShortenerButton(act=action, code=self.one.code).pack()


def short_list(entries: Sequence[Entry], page: int = 0) -> Screen:
    """Return one button per shortener, the pages, and `Add`."""
    add = [button(pgettext("button", "Add"), AddShortener().pack(), style=PRIMARY)]
    if not entries:
        return Screen(texts.empty(), (add,), _UNLOCKING)
    last = (len(entries) - 1) // PAGE
    page = min(page, last)
    rows: list[Row] = [[_row(entry)] for entry in entries[page * PAGE : (page + 1) * PAGE]]
    # with two pages the pager and `Add` share a row: eight rows are the most
    turn: Row = [button(_("‹ Prev"), ShortenerPage(page=page - 1).pack())] if page else []
    turn += [button(_("Next ›"), ShortenerPage(page=page + 1).pack())] if page < last else []
    return Screen(texts.listed(), (*rows, [*turn, *add]), _UNLOCKING)


def _row(entry: Entry) -> InlineKeyboardButton:
    name = cut(bare(entry.one.name).strip() or "?", _NAME_ON_ROW)
    return button(texts.row(entry.one, entry.state, entry.counts, name), entry.act(ShortenerAction.OPEN))


def card(entry: Entry, zone: ZoneInfo) -> Screen:
    """Return a shortener's card."""
    one = entry.one
    less, more = (
        button(sign, ShareButton(code=one.code, seen=one.share, share=share).pack())
        for sign, share in (("−", one.share - 1), ("+", one.share + 1))
    )
    pause = (_("Resume"), ShortenerAction.RESUME) if one.is_paused else (_("Pause"), ShortenerAction.PAUSE)
    rows: list[Row] = [
        [less, more],
        [button(pgettext("button", "Test"), entry.act(ShortenerAction.TEST)), button(pause[0], entry.act(pause[1]))],
    ]
    if not one.is_of_environment:
        replace = button(_("Replace key"), entry.act(ShortenerAction.REPLACE_KEY))
        rows.append([replace, button(pgettext("button", "Remove"), entry.act(ShortenerAction.REMOVE))])
    html = texts.card(one, entry.state, entry.counts, percent=entry.percent, zone=zone)
    return Screen(html, tuple(rows), PARENT)


def _card_parent(code: str, name: str) -> Parent:
    """Return a card as the parent of a screen."""
    data = ShortenerButton(act=ShortenerAction.OPEN, code=code).pack()
    return Parent(cut(bare(name).strip() or "?", _NAME_ON_ROW), data)


def ask_address() -> Screen:
    return Screen(texts.ask_address(), (), PARENT)


def ask_key(code: str | None = None, name: str = "") -> Screen:
    """Return the question for a key. `code`: of the shortener whose key is replaced."""
    return Screen(texts.ask_key(), (), PARENT if code is None else _card_parent(code, name))


def no_vault(problem: str) -> Screen:
    return Screen(texts.no_vault(problem), (), PARENT)


def full() -> Screen:
    return Screen(texts.full(), (), PARENT)


def _draft(act: DraftAction, draft_id: str) -> str:
    return DraftButton(act=act, id=draft_id).pack()


def tested(draft_id: str, took_s: float, url: str) -> Screen:
    """Return the result of a test that succeeded."""
    save = button(_("Save"), _draft(DraftAction.SAVE, draft_id), style=PRIMARY)
    return Screen(
        texts.answered(took_s, url),
        ([save, button(pgettext("button", "Change"), _draft(DraftAction.CHANGE, draft_id))],),
        PARENT,
    )


def not_tested(draft_id: str, kind: str, status: int | None = None) -> Screen:
    """Return the result of a test that failed: nothing is saved."""
    again = button(_("Try again"), _draft(DraftAction.TRY_AGAIN, draft_id), style=PRIMARY)
    return Screen(
        texts.failed(kind, status),
        ([again, button(pgettext("button", "Change"), _draft(DraftAction.CHANGE, draft_id))],),
        PARENT,
    )


def confirm_remove(entry: Entry) -> Screen:
    remove = button(pgettext("button", "Remove"), entry.act(ShortenerAction.REMOVE_CONFIRMED), style=DANGER)
    return Screen(
        texts.confirm_remove(entry.one, entry.counts), ([remove],), _card_parent(entry.one.code, entry.one.name)
    )


def share_conflict(theirs: Shortener, mine: int) -> Screen:
    """Return the question after another person has changed the share. `theirs`: the shortener as it is now."""
    save = ShareButton(code=theirs.code, seen=theirs.share, share=mine).pack()
    keep = ShortenerButton(act=ShortenerAction.OPEN, code=theirs.code).pack()
    change = texts.share_set(theirs.share)
    return conflict(theirs.changed_by_name, change, save_mine=save, keep_theirs=keep, parent=PARENT)


def key_conflict(theirs: Shortener, draft_id: str) -> Screen:
    """Return the question after another person has replaced the key."""
    keep = ShortenerButton(act=ShortenerAction.OPEN, code=theirs.code).pack()
    save = _draft(DraftAction.SAVE_MINE, draft_id)
    return conflict(theirs.set_by_name, texts.another_key(), save_mine=save, keep_theirs=keep, parent=PARENT)


def pasted_key(*, is_deleted: bool) -> Screen:
    """Return the answer to a message that looks like a key; no screen of the Menu's tree."""
    open_them = button(PARENT.name, PARENT.data)
    return Screen(texts.pasted_key() if is_deleted else texts.pasted_key_left(), ([open_them],))
