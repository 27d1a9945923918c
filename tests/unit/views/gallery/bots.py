"""Both bots: names, texts and pictures, with the longest ones."""

from datetime import timedelta

from core.bots.texts import LONGEST, Part
from tests.unit.views.gallery import LONG_USERNAME
from views.bots import screens
from views.bots.callbacks import Which

_LONG = screens.BotTexts(LONG_USERNAME, *("W&" * (LONGEST[part] // 2) for part in LONGEST))

SCREENS = {
    "both": screens.bots_screen(LONG_USERNAME, LONG_USERNAME),
    "nothing": screens.bot_screen(Which.USER, screens.BotTexts(LONG_USERNAME, "", "", "")),
    "no answer": screens.bot_screen(Which.USER, screens.BotTexts(LONG_USERNAME)),
    "longest": screens.bot_screen(Which.ADMIN, _LONG, screens.saved()),
    **{f"ask {part.name}": screens.question(Which.USER, part, LONG_USERNAME) for part in Part},
    **{
        f"confirm {part.name}, {len(value)}": screens.confirm(Which.USER, part, value, LONG_USERNAME)
        for part in Part
        for value in ("", "W&" * (LONGEST.get(part, 2) // 2))
    },
    "wait": screens.confirm(Which.USER, Part.NAME, "W" * LONGEST[Part.NAME], LONG_USERNAME).with_note(
        screens.to_wait(timedelta(hours=23, minutes=59))
    ),
}
