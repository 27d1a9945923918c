"""Reading what an admin types about a broadcast. Every BadInput says what is expected."""

import re

from core.broadcasts import BUTTONS_MAX, LIFETIME_MAX, LIFETIME_MIN, LinkButton, check_button
from core.durations import MINUTE, read_duration
from core.errors import BadInput
from core.segments import ACTIVE_DAYS_MAX, LANGUAGE, SOURCE, Segment, SegmentKind
from views.broadcasts import compose_texts as texts
from views.html import bare

#: text, a dash with spaces around it (phones make longer ones of a hyphen), address; the last dash counts
_BUTTON = re.compile(r"(?P<text>.*)\s[-–—]\s+(?P<url>\S+)")
_DAYS = re.compile(r"[0-9]{1,3}", re.ASCII)


def read_buttons(text: str) -> tuple[LinkButton, ...]:
    """Read one button per line, `text - address`; none for a single dash. Raises BadInput naming the line, from 1."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if [line for _, line in lines] in (["-"], ["–"], ["—"]):
        return ()
    if not lines:
        raise BadInput(texts.buttons_expected())
    if len(lines) > BUTTONS_MAX:
        raise BadInput(texts.too_many_buttons())
    return tuple(_button(number, line) for number, line in lines)


def _button(number: int, line: str) -> LinkButton:
    found = _BUTTON.fullmatch(line)
    if found is None:
        raise BadInput(texts.of_line(number, texts.buttons_expected()))
    try:
        return check_button(" ".join(bare(found["text"]).split()), found["url"])
    except BadInput as problem:
        raise BadInput(texts.of_line(number, problem.sentence)) from None


def read_lifetime(text: str) -> int:
    """Read `45`, `2h`, `1h 30m` as minutes, 0 for `never`. Raises BadInput, also below 10 minutes, above 47 hours."""
    try:
        span = read_duration(text, bare=MINUTE, never=True)
    except BadInput:
        raise BadInput(texts.lifetime_expected()) from None
    if span % MINUTE:
        raise BadInput(texts.lifetime_expected())
    minutes = span // MINUTE
    if minutes > LIFETIME_MAX:
        raise BadInput(texts.lifetime_too_long())
    if 0 < minutes < LIFETIME_MIN:
        raise BadInput(texts.lifetime_too_short())
    return minutes


def read_active(text: str) -> Segment:
    """Read `90`: subscribers seen within the last 90 days. Raises BadInput."""
    typed = text.strip()
    if not _DAYS.fullmatch(typed) or not 1 <= int(typed) <= ACTIVE_DAYS_MAX:
        raise BadInput(texts.days_expected())
    return Segment(kind=SegmentKind.ACTIVE, days=int(typed))


def read_language(text: str) -> Segment:
    """Read `pt`, `pt-BR`, `pt_br`: subscribers whose app uses the language. Raises BadInput."""
    typed = text.strip().lower().replace("_", "-")
    if not LANGUAGE.fullmatch(typed):
        raise BadInput(texts.language_expected())
    return Segment(kind=SegmentKind.LANGUAGE, language=typed)


def read_source(text: str) -> Segment:
    """Read `spring24`, with or without its `s_`: subscribers who came through the source. Raises BadInput."""
    typed = text.strip().removeprefix("-").removeprefix("s_")
    if not SOURCE.fullmatch(typed):
        raise BadInput(texts.source_expected())
    return Segment(kind=SegmentKind.SOURCE, source=typed)
