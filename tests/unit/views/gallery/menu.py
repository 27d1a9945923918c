"""The Menu: quiet, busy, and in every trouble."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.health.troubles import OpenTrouble, TroubleKind
from tests.unit.views.gallery import LONG_CHANNEL, LONG_NAME, LONG_TITLE, LONG_USERNAME
from views.buttons import button
from views.conflicts import conflict
from views.menu.screen import MenuStep, NextAnnouncement, Today, menu
from views.navigation import MENU, Section, parent

_NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
_ZONE = ZoneInfo("America/Argentina/ComodRivadavia")
_KINDS = [OpenTrouble(kind, "-1001234567890") for kind in TroubleKind]
_NEXT = NextAnnouncement(LONG_TITLE, LONG_CHANNEL, _NOW + timedelta(days=31))
_CHANNELS = {"-1001234567890": LONG_CHANNEL}
_STEP = MenuStep("Open: choose the channel your subscribers read.", button("Choose my channel", "go:chan"))

SCREENS = {
    "quiet": menu(LONG_USERNAME, Today(0, 0), None, [], channels={}, now=_NOW, zone=_ZONE),
    "busy": menu(
        LONG_USERNAME,
        Today(1_234_567, 98_765_432),
        _NEXT,
        _KINDS,
        channels=_CHANNELS,
        now=_NOW,
        zone=_ZONE,
        steps=[_STEP],
        maintenance_until=_NOW + timedelta(hours=9),
        may_end_maintenance=True,
    ),
    "channel gone from the list": menu(
        LONG_USERNAME, Today(1, 1), _NEXT, _KINDS[1:2], channels={}, now=_NOW, zone=_ZONE
    ),
    "of an editor": menu(
        LONG_USERNAME,
        Today(93, 220),
        _NEXT,
        _KINDS[2:],
        channels=_CHANNELS,
        now=_NOW,
        zone=_ZONE,
        hidden=frozenset({Section.SETTINGS, Section.CHANNELS, Section.SYSTEM}),
    ),
    "somebody else was faster": conflict(
        LONG_NAME, "60 min", save_mine="a", keep_theirs="b", parent=parent(Section.SETTINGS)
    ),
    "somebody else was faster, below the Menu": conflict("Bob", "60 min", save_mine="a", keep_theirs="b", parent=MENU),
}
