"""Plural forms for the page: a text for each category that the browser's Intl.PluralRules knows of the language."""

from collections.abc import Callable, Mapping
from functools import cache

from babel import Locale

from views.language import spoken

#: the words of a view: a text by its key, or the forms of a count by category (`one`, `few`, `many`, `other`)
Words = Mapping[str, str | Mapping[str, str]]
#: numbers tried; every category of whole numbers has a member below it
_TRIED = 200


def forms(of_count: Callable[[int], str]) -> dict[str, str]:
    """Return the forms of a text in the spoken language; `of_count` looks one up: `lambda n: ngettext("…", "…", n)`."""
    found = {category: of_count(sample) for category, sample in _samples(spoken()).items()}
    # the page counts no fractions: a browser with other rules falls back to it
    return {"other": of_count(max(_samples(spoken()).values()))} | found


@cache
def _samples(language: str) -> dict[str, int]:
    """A number of each plural category of a language."""
    rule = Locale.parse(language).plural_form
    found: dict[str, int] = {}
    for number in range(_TRIED):
        found.setdefault(rule(number), number)
    return found
