"""Every screen of the gallery stays within its limits in every language, and is in that language."""

import importlib.util
import pkgutil
import re
from functools import cache

import pytest

from tests.unit.views import gallery
from views.catalogues import SOURCE, TEAM_LANGUAGES, Catalogues
from views.language import speaking
from views.screen_limits import problems_of
from views.screens import Screen

CATALOGUES = Catalogues()
#: on buttons in every language
EVERYWHERE = {"CSV"}
#: gallery files of what subscribers read; the team's texts are in fewer languages
SUBSCRIBERS = {"subscribers", "privacy"}


@cache
def screens_in(language: str) -> dict[str, Screen]:
    """Make each screen anew: a gallery file makes its screens when it is run, so it is run in the language."""
    made: dict[str, Screen] = {}
    for found in pkgutil.iter_modules(gallery.__path__):
        is_read = language in (SOURCE, *TEAM_LANGUAGES) or found.name in SUBSCRIBERS
        if found.name.startswith("test_") or not is_read:
            continue
        spec = importlib.util.find_spec(f"{gallery.__name__}.{found.name}")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        with speaking(CATALOGUES.of(language)):
            spec.loader.exec_module(module)
        made |= {f"{found.name}: {name}": screen for name, screen in module.SCREENS.items()}
    return made


@pytest.mark.parametrize("language", CATALOGUES.languages)
def test_screens_stay_within_their_limits_in_each_language(language: str) -> None:
    screens = screens_in(language)
    # the last row is made when it is shown
    with speaking(CATALOGUES.of(language)):
        assert {name: found for name, screen in screens.items() if (found := problems_of(screen))} == {}
    greeting = screens["subscribers: start"].text
    assert greeting.startswith("Hi ") is (language == SOURCE)


def read_on(screen: Screen) -> list[str]:
    """What a screen says: its text, and each button."""
    rows = screen.keyboard.inline_keyboard if screen.keyboard else []
    return [screen.text, *(button.text for row in rows for button in row)]


@pytest.mark.parametrize("language", TEAM_LANGUAGES)
def test_the_team_reads_every_screen_in_its_language(language: str) -> None:
    english, translated = screens_in(SOURCE), screens_in(language)
    same = {}
    for name, screen in english.items():
        with speaking(CATALOGUES.of(language)):
            theirs = read_on(translated[name])
        # names and titles are the same everywhere, and no words of ours
        found = [text for text, other in zip(read_on(screen), theirs, strict=True) if text == other and is_ours(text)]
        if found:
            same[name] = found
    assert same == {}


def is_ours(text: str) -> bool:
    """Return whether a text has words besides names, which the gallery makes of W and of other alphabets."""
    return re.search(r"[A-Za-z]{3}", re.sub(r"\u2068[^\u2069]*\u2069|@\w+|<[^>]*>|W+", "", text)) is not None and (
        text not in EVERYWHERE
    )
