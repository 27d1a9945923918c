"""Posts: the list, the card, its options, content and cover, questions, answers and conflicts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.access import StepsBefore
from core.posts import (
    DESCRIPTION_MAX,
    ITEM_NAME_MAX,
    ITEMS_MAX,
    LABEL_MAX,
    PASSWORD_MAX,
    SOURCES_MAX,
    Cover,
    CoverKind,
    Post,
    PostAccess,
    PostItem,
    PostStatus,
    Source,
)
from core.settings.model import BotSettings
from core.statistics import Count
from core.statistics.periods import Figures
from tests.unit.views.gallery import LONG_CHANNEL, LONG_NAME, LONG_TITLE, LONG_USERNAME
from views.buttons import PAGE_MAX
from views.links import post_link
from views.posts import batch_texts, cards, changes, contents, lists, made, options, questions
from views.posts.callbacks import Choice, PostList, Show
from views.screens import Screen
from views.undo import undo_button

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_CODE = "W" * 16
_LINK = post_link(LONG_USERNAME, _CODE, "s" * 24)
#: the longest place in the list a button can carry
_FAR = PostList(page=PAGE_MAX, search="ffff", show=Show.NOT_ANNOUNCED)
_SEEN = "ffff"
_UNDO = undo_button("ffffffff")


def _post(**changed: object) -> Post:
    fields: dict[str, object] = {
        "code": _CODE,
        "number": 1_234_567,
        "title": LONG_TITLE,
        "description": "<b>" + "&amp;" * DESCRIPTION_MAX + "</b>",
        "storage_chat_id": -1001234567890,
        "message_ids": tuple(range(1, ITEMS_MAX + 1)),
        "item_count": ITEMS_MAX,
        "items": (PostItem(kind="video_note", name="W" * ITEM_NAME_MAX),) * ITEMS_MAX,
        "protect": True,
        "delete_after_minutes": 2819,
        "access": PostAccess.FREE_WITHOUT_CHANNELS,
        "label": "W" * LABEL_MAX,
        "password": "&" * PASSWORD_MAX,
        "opened": 98_765_432,
        "opened_since": _NOW,
        "delivered": 98_765_432,
        "sources": tuple(Source(name=f"{number:024}", opened=12_345_678) for number in range(SOURCES_MAX)),
        "created_by": 1,
        "created_at": _NOW,
        **changed,
    }
    return Post.model_validate(fields)


def _facts(**announced: cards.Announced) -> cards.CardFacts:
    return cards.CardFacts(_LINK, BotSettings(), _NOW, _ZONE, **announced)


_FULL = _post()
_BARE = _post(
    number=1, title="", description="", message_ids=(1,), item_count=1, items=(), protect=None, label=None,
    delete_after_minutes=None, access=PostAccess.SETTINGS, password=None, opened=0, delivered=0, sources=(),
)  # fmt: skip
_REMOVED = _post(status=PostStatus.REMOVED)
_OWN_COVER = _post(cover=Cover(kind=CoverKind.OWN, chat_id=-1, message_id=1))
_ANNOUNCED = cards.Announced(LONG_CHANNEL, _NOW + timedelta(days=31), others=49)
_STEPS = StepsBefore(channels=50, has_unlock=True)


def _listed(show: Show, page: int, count: int, *, more: bool, search: str | None = None) -> Screen:
    place = PostList(page=page, search="ffff" if search else "", show=show)
    return lists.list_screen([_FULL, _REMOVED, *[_FULL] * 4][:count], place, more=more, search=search)


_LISTS = {
    f"list of {show.name.lower()}, {count} on page {page}, {'more' if more else 'no more'}": _listed(
        show, page, count, more=more
    )
    for show in Show
    for page in (0, PAGE_MAX)
    for count in (0, 5, 6)
    for more in (False, True)
    if count == lists.PAGE or not more
}
_PLACES = {f"{number:024}": LONG_CHANNEL for number in range(0, SOURCES_MAX, 2)}
_QUESTIONS = {
    f"{name}, {'own' if post is _FULL else 'as in settings'}": screen
    for post in (_FULL, _BARE)
    for name, screen in {
        "ask title": questions.ask_title(post, _FAR),
        "ask text": questions.ask_text(post, _FAR, _SEEN),
        "ask deletion": questions.ask_deletion(post, _FAR),
        "ask label": questions.ask_label(post, _FAR, _SEEN, "W" * LABEL_MAX),
        "ask password": questions.ask_password(post, options.password_words(post), _FAR, _SEEN),
        "ask place": questions.ask_place(post, _FAR),
        "ask cover": contents.ask_cover(post, _FAR),
        "options": options.options(post, _FAR),
        "deletion times": options.deletion_times(post, _FAR, _SEEN),
        "saving": options.saving(post, _FAR, _SEEN),
        "access": options.access(post, _FAR, _SEEN),
        "numbers": cards.numbers(post, _FAR, Figures(dict.fromkeys(Count, 10**9 - 1)), _PLACES, _ZONE),
        "place link": cards.place_link(post, "s" * 24, _LINK, _FAR),
        "places full": cards.places_full(post, SOURCES_MAX, _FAR),
        "content": contents.content(post, _FAR, can_undo=True),
        "take one out": contents.take_one_out(post, _FAR, 1),
        "cover": contents.cover(post, _FAR, _SEEN, has_default=False),
    }.items()
}
_CHANGED = {
    f"after {choice.name.lower()}": screen.with_note(options.option_note(_FULL, choice)).with_row(_UNDO)
    for choice in Choice
    for screen in (
        cards.card(_FULL, _facts(published=_ANNOUNCED, planned=_ANNOUNCED), _FAR)
        if choice in {Choice.TITLE, Choice.DESCRIPTION}
        else contents.cover(_OWN_COVER, _FAR, _SEEN, has_default=True)
        if choice is Choice.COVER
        else options.options(_FULL, _FAR),
    )
}

SCREENS = {
    **_LISTS,
    **_QUESTIONS,
    **_CHANGED,
    "search": _listed(Show.ALL, PAGE_MAX, 6, more=True, search="\u05e9" * 120),
    "search without result": _listed(Show.ALL, 0, 0, more=False, search="&" * 120),
    "which posts": lists.show_screen(_FAR),
    "ask search": lists.search_question(),
    "card": cards.card(_FULL, _facts(published=_ANNOUNCED, planned=_ANNOUNCED), _FAR),
    "card of a bare post": cards.card(_BARE, _facts(), PostList()),
    "card of a removed post": cards.card(_REMOVED, _facts(), _FAR)
    .with_note(cards.removed_note(_REMOVED))
    .with_row(_UNDO),
    "taken down": cards.card(_REMOVED, _facts(published=_ANNOUNCED), _FAR).with_note(
        cards.taken_down_note(_REMOVED, announcements=50, copies=98_765_432, too_old=98_765_432)
    ),
    "confirm remove": cards.confirm_remove(_FULL, _FAR, announcements=50, copies=98_765_432, too_old=98_765_432),
    "confirm remove of a removed post": cards.confirm_remove(_REMOVED, _FAR, announcements=0, copies=0, too_old=0),
    "made": made.made(_FULL, _LINK, _STEPS),
    "added": made.added(_FULL, _LINK, _STEPS, ITEMS_MAX),
    "replaced": made.replaced(_FULL, _LINK, _STEPS),
    "discarded": made.discarded(),
    "last page of messages": contents.take_one_out(_FULL, _FAR, 99),
    "change announcements": changes.ask_to_change(_FULL, Choice.LABEL, 50, _FAR, _UNDO),
    **{
        f"somebody else changed {choice.name.lower()}": changes.somebody_else(
            _FULL, choice, LONG_NAME, save_mine="m" * 64, place=_FAR
        )
        for choice in Choice
    },
    "batch": batch_texts.status("f" * 8, 0),
    "batch to add": batch_texts.status("f" * 8, 99, adds_to=1_234_567),
    "full batch": batch_texts.status("f" * 8, ITEMS_MAX, replaces=1_234_567),
    "batch not stored": batch_texts.not_stored("W" * 200, ITEMS_MAX, batch_texts.status("f" * 8, ITEMS_MAX)),
}  # fmt: skip
