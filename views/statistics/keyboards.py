"""Buttons of the statistics."""

from aiogram.types import InlineKeyboardButton

from core.statistics import TopPost
from core.statistics.periods import Period
from views.buttons import Row, button
from views.html import bare, cut
from views.language import _, pgettext
from views.screens import Parent
from views.statistics.callbacks import CsvButton, PicturesButton, PostNumbersButton, StatisticsButton, View

#: characters of a title on a button, besides its count
_TITLE_MAX = 24


def period_name(period: Period) -> str:
    """Return what the button of a period shows."""
    match period:
        case Period.TODAY:
            return pgettext("period", "Today")
        case Period.ALL:
            return pgettext("period", "All")
        case _:
            return period.value


def periods(view: View) -> Row:
    """Return the choice of a period for a screen; the screen's first line says which one it shows."""
    return [button(period_name(period), StatisticsButton(view=view, period=period).pack()) for period in Period]


def overview(period: Period) -> tuple[Row, ...]:
    """Return the periods, the screens behind, and what can be taken away."""

    def to(text: str, view: View) -> InlineKeyboardButton:
        return button(text, StatisticsButton(view=view, period=period).pack())

    return (
        periods(View.OVERVIEW),
        [to(_("Posts"), View.POSTS), to(_("Where they stop"), View.STOPS)],
        [to(_("Sources"), View.SOURCES), to(_("Shorteners"), View.SHORTENERS)],
        [
            button(_("Picture"), PicturesButton(period=period).pack()),
            button(_("CSV"), CsvButton(period=period).pack()),
        ],
    )


def parent(period: Period) -> Parent:
    """Return the numbers of a period as the parent of a screen."""
    return Parent(_("Statistics"), StatisticsButton(period=period).pack())


def list_parent(period: Period, page: int) -> Parent:
    """Return the list of posts as the parent of one post's numbers."""
    return Parent(_("Posts"), StatisticsButton(view=View.POSTS, period=period, page=page).pack())


def post(one: TopPost, period: Period, page: int) -> Row:
    """Return the row of a post in the list: its title, and how often it was delivered."""
    title = cut(bare(one.title).strip() or _("No title"), _TITLE_MAX)
    text = _("{title} · {count}").format(title=title, count=f"{one.deliveries:,}")
    return [button(text, PostNumbersButton(code=one.code, period=period, page=page).pack())]


def turning(period: Period, page: int, *, has_more: bool) -> Row:
    """Return the buttons to the pages around a page of the list of posts."""

    def to(text: str, number: int) -> InlineKeyboardButton:
        return button(text, StatisticsButton(view=View.POSTS, period=period, page=number).pack())

    row = [to(_("‹ Prev"), page - 1)] if page else []
    return [*row, to(_("Next ›"), page + 1)] if has_more else row
