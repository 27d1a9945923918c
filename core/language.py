"""The language of what people read: gettext, with the catalogue of whoever the present task serves.

A text is looked up when it is needed, so texts are functions: a constant would keep the language of the import. Whole
sentences, `_("Hi {name}.").format(name=name)`; a count is `ngettext`, a short word with two meanings `pgettext`
(https://docs.python.org/3/library/gettext.html). A table that is made at import marks its texts with `N_` and looks
them up with `_` where they are shown. Without a catalogue people read the English of the source.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import NullTranslations

#: the language of the source
ENGLISH = NullTranslations()
_catalogue: ContextVar[NullTranslations] = ContextVar("catalogue", default=ENGLISH)


@contextmanager
def speaking(catalogue: NullTranslations) -> Iterator[None]:
    """Look texts up in a catalogue, in this task and those it starts."""
    before = _catalogue.set(catalogue)
    try:
        yield
    finally:
        _catalogue.reset(before)


def spoken() -> str:
    """Return the code of the language, `en` without a catalogue."""
    return _catalogue.get().info().get("language", "en")


def gettext(message: str) -> str:
    """Return the translation of a message. An empty one stays empty: gettext keeps its own notes under that key."""
    return _catalogue.get().gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form of a message that the language uses for a number. The number itself is a field of both forms."""
    return _catalogue.get().ngettext(singular, plural, number)


def pgettext(context: str, message: str) -> str:
    """Return the translation of a message that means something else elsewhere. `context`: where it stands."""
    return _catalogue.get().pgettext(context, message)


def marked(message: str) -> str:
    """Return the message itself: it is found for translators, and looked up later."""
    return message


_ = gettext
N_ = marked
