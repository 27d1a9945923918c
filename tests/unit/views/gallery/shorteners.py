"""Shorteners: the list, a card in every state, adding, conflicts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.shorteners.addresses import NAME_MAX
from core.shorteners.counts import ShortenerState, Tally
from core.shorteners.records import SHARE_MAX, SHORTENERS_MAX, Origin, Shortener
from shorteners.failures import FailureKind
from tests.unit.views.gallery import LONG_NAME, LONG_TITLE
from views.shorteners import screens, texts
from views.shorteners.screens import Entry

_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_CODE = "f" * 10
_LONG = Shortener(
    code=_CODE,
    name=LONG_TITLE[:NAME_MAX],
    api_url="https://short.example/" + "<&>" * 600,
    share=SHARE_MAX,
    sealed_key="sealed",
    set_at=datetime(2026, 9, 30, 9, tzinfo=UTC),
    set_by_name=LONG_NAME,
    changed_by_name=LONG_NAME,
)
_OF_ENVIRONMENT = _LONG.model_copy(update={"origin": Origin.ENVIRONMENT, "is_paused": True})
_BUSY = Tally(links=98_765_432, finished=98_765_431, too_fast=1_234_567, failed=1_234_567, median_s=3600)


def _entry(state: ShortenerState, kind: str = "", one: Shortener = _LONG, percent: int | None = 100) -> Entry:
    return Entry(one, state, _BUSY.model_copy(update={"failure": kind}), percent)


_LINK = "https://short.example/" + "x" * 2000

SCREENS = {
    "none": screens.short_list([]),
    "a few": screens.short_list([_entry(state) for state in ShortenerState]),
    "very many, first page": screens.short_list([_entry(ShortenerState.KEY_UNREADABLE)] * SHORTENERS_MAX),
    "very many, in the middle": screens.short_list([_entry(ShortenerState.NOT_ASKED)] * SHORTENERS_MAX, 2),
    "very many, beyond the last page": screens.short_list([_entry(ShortenerState.FAILS)] * SHORTENERS_MAX, 30),
    **{f"card: {state}": screens.card(_entry(state), _ZONE) for state in ShortenerState},
    **{f"card: {kind}": screens.card(_entry(ShortenerState.FAILS, kind.value), _ZONE) for kind in FailureKind},
    "card: saved": screens.card(_entry(ShortenerState.WORKS), _ZONE).with_note(
        f"{texts.saved()} {texts.posts_cost_credits()}"
    ),
    "card: tested": screens.card(_entry(ShortenerState.WORKS), _ZONE).with_note(texts.answered(4.96, _LINK)),
    "card: of the environment": screens.card(_entry(ShortenerState.PAUSED, one=_OF_ENVIRONMENT), _ZONE),
    "card: never asked": screens.card(Entry(_LONG, ShortenerState.NOT_ASKED), _ZONE),
    "question: address": screens.ask_address(),
    "question: key": screens.ask_key(),
    "question: another key": screens.ask_key(_CODE, LONG_TITLE),
    "no key file": screens.no_vault("DATA_DIR: /" + "<&>" * 500),
    "full": screens.full(),
    "tested": screens.tested(_CODE, 4.96, _LINK),
    **{f"not tested: {kind}": screens.not_tested(_CODE, kind.value, 503) for kind in FailureKind},
    "confirm removing": screens.confirm_remove(_entry(ShortenerState.WORKS)),
    "somebody else changed the share": screens.share_conflict(_LONG, 1),
    "somebody else changed the key": screens.key_conflict(_LONG, _CODE),
    "a pasted key": screens.pasted_key(is_deleted=True),
    "a pasted key that stays": screens.pasted_key(is_deleted=False),
}
