"""Pages of lists: six entries, five where a pager and another row stand below them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from views.buttons import Row, button
from views.language import _

T = TypeVar("T")
#: entries on a page; a screen has eight rows
PAGE, CROWDED_PAGE = 6, 5


def page_of(entries: Sequence[T], page: int, *, with_row_below: bool) -> tuple[int, Sequence[T], int]:
    """Return the number of the page that exists nearest to `page` (from 0), its entries, and the number of pages."""
    size = CROWDED_PAGE if with_row_below and len(entries) > PAGE else PAGE
    pages = max(1, -(-len(entries) // size))
    number = min(max(page, 0), pages - 1)
    return number, entries[number * size : (number + 1) * size], pages


def pager(page: int, pages: int, data: Callable[[int], str]) -> Row:
    """Return the buttons to the pages beside `page`; none where there is one page."""
    row: Row = []
    if page > 0:
        row.append(button(_("‹ Prev"), data(page - 1)))
    if page + 1 < pages:
        row.append(button(_("Next ›"), data(page + 1)))
    return row
