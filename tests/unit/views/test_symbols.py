"""No emoji in what people read, but ✓ and ⚠: they are drawn differently everywhere, and boxes on some machines."""

import re
from pathlib import Path

VIEWS = Path(__file__).resolve().parents[3] / "views"
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf]")
ALLOWED = {"✓", "⚠"}


def test_no_text_of_ours_has_an_emoji() -> None:
    found = {
        (path.relative_to(VIEWS).as_posix(), one)
        for path in VIEWS.rglob("*.py")
        for one in EMOJI.findall(path.read_text(encoding="utf-8"))
        if one not in ALLOWED
    }
    assert found == set()
