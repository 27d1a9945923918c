"""The catalogues of gettext: one .po file a language in `locales/`, compiled when it is first needed."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Protocol, TypeVar

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from views.language import speaking

T = TypeVar("T")
LOCALES = Path(__file__).parent / "locales"
#: the language of the source, which needs no catalogue
SOURCE = "en"
#: the team's texts are translated into these as well
TEAM_LANGUAGES = ("ru",)
#: Unicode's bidirectional marks (UAX 9)
_LEFT_TO_RIGHT, _END, _RIGHT_TO_LEFT_MARK = "\u2066", "\u2069", "\u200f"
_COMMAND = re.compile(r"(?<![\w/<.])/[a-z_]+")


class Catalogues:
    """The languages there are files for, and English."""

    def __init__(self, folder: Path = LOCALES) -> None:
        self._files = {path.stem: path for path in sorted(folder.glob("*.po"))}
        self._compiled = {SOURCE: _compile(Catalog(locale=SOURCE))}

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of all languages, English first."""
        return SOURCE, *self._files

    def choose(self, *codes: str | None) -> str:
        """Return the language of the first code there is a catalogue for (`de`, `pt-br`, `pt_BR`), English for none."""
        return self.find(*codes) or SOURCE

    def find(self, *codes: str | None) -> str | None:
        """Do as `choose`; None for none."""
        return next((name for name in map(_language, codes) if name in self.languages), None)

    def of(self, language: str) -> GNUTranslations:
        """Return the catalogue of one of `languages`. What it does not translate is English."""
        if language not in self._compiled:
            self._compiled[language] = _compile(_read(self._files[language]))
        return self._compiled[language]


@cache
def our_catalogues() -> Catalogues:
    """Return the catalogues of this process: each file is read once, when it is needed."""
    return Catalogues()


@contextmanager
def speaking_to(*codes: str | None) -> Iterator[None]:
    """Speak the language of the first code there is a catalogue for; for what is sent beside somebody's own update."""
    known = our_catalogues()
    with speaking(known.of(known.choose(*codes))):
        yield


class Languages(Protocol):
    """What is known of people's languages (`database.team.Team`)."""

    async def languages_of(self, user_id: int) -> Sequence[str]:
        """Return the codes to be tried for somebody, in order."""
        ...


def team_language(*codes: str | None) -> str:
    """Return the first language of the codes that the team's texts are in, English for none."""
    return our_catalogues().choose(*(code for code in codes if _language(code) in (SOURCE, *TEAM_LANGUAGES)))


@contextmanager
def speaking_to_team(*codes: str | None) -> Iterator[None]:
    """Speak the first language of the codes that the team's texts are in."""
    with speaking_to(team_language(*codes)):
        yield


def in_each_language_of_the_team(make: Callable[[], T]) -> dict[str | None, T]:
    """Return a text by the codes of the team's languages; English, for all other apps, is the first, under None."""
    found: dict[str | None, T] = {}
    for language in (SOURCE, *TEAM_LANGUAGES):
        with speaking_to(language):
            found[None if language == SOURCE else language] = make()
    return found


@asynccontextmanager
async def speaking_to_member(team: Languages, user_id: int) -> AsyncIterator[None]:
    """Speak a member's language; for what is sent or edited without a press of theirs."""
    with speaking_to_team(*await team.languages_of(user_id)):
        yield


def _language(code: str | None) -> str:
    return (code or "").lower().replace("_", "-").partition("-")[0]


def direction(language: str) -> str:
    """Return the writing direction, as HTML's `dir`."""
    return Locale.parse(language).text_direction


def own_name(language: str) -> str:
    """Return what a language calls itself, as a title: `Deutsch`, `Русский`."""
    name = Locale.parse(language).get_display_name() or language
    return name[:1].upper() + name[1:]


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem, abort_invalid=True)
    if direction(path.stem) == "rtl":
        for message in catalogue:
            texts = message.string or ""
            message.string = _marked(texts) if isinstance(texts, str) else tuple(_marked(one) for one in texts)
    return catalogue


def _marked(text: str) -> str:
    """Return a right-to-left text whose commands read `/help`, not `help/`, also where one begins a line.

    Each command is isolated; a line that begins with one would be a left-to-right one without the mark before it.
    """
    isolated = _COMMAND.sub(f"{_LEFT_TO_RIGHT}\\g<0>{_END}", text)
    return re.sub(f"^{_LEFT_TO_RIGHT}", f"{_RIGHT_TO_LEFT_MARK}{_LEFT_TO_RIGHT}", isolated, flags=re.MULTILINE)


def _compile(catalogue: Catalog) -> GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
