"""`python -m scripts.catalogues`: bring the texts of the source into every catalogue, for translators.

New texts come with an empty translation, texts that are gone go, what was translated stays. Subscribers' texts are in
every catalogue, the team's in those of `TEAM_LANGUAGES`.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from views.catalogues import LOCALES, TEAM_LANGUAGES

ROOT = Path(__file__).parents[1]
#: what subscribers read, in the bot and on the unlock page
SUBSCRIBERS = (
    "views/subscribers",
    "views/common_texts.py",
    "views/times.py",
    "views/broadcasts/keyboards.py",
    "user_bot",
    "core/errors.py",
)
#: what the team reads besides
TEAM = ("views", "core", "admin_bot", "monitoring", "database/operations/broadcast_ops.py", "schedulers/registry.py")
_WIDTH = 120


def texts_of(places: Iterable[str]) -> Catalog:
    """Return the texts marked for translation in files and folders of the source."""
    found = Catalog(project="Tollgate")
    for file in _files(places):
        for _line, message, comments, context in extract_from_file("python", file):
            found.add(message, context=context, auto_comments=comments)
    return found


def wanted(language: str) -> Catalog:
    """Return the texts the catalogue of a language shall have."""
    return texts_of((*SUBSCRIBERS, *TEAM) if language in TEAM_LANGUAGES else SUBSCRIBERS)


def read(path: Path) -> Catalog:
    """Read one catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, abort_invalid=True)


def main() -> int:
    for path in sorted(LOCALES.glob("*.po")):
        catalogue = read(path)
        catalogue.update(wanted(path.stem), no_fuzzy_matching=True, update_creation_date=False)
        with path.open("wb") as file:
            write_po(
                file,
                catalogue,
                width=_WIDTH,
                no_location=True,
                sort_output=True,
                ignore_obsolete=True,
                omit_header=True,
            )
        missing = sum(1 for message in catalogue if message.id and not message.string)
        print(f"{path.stem}: {len(catalogue)} texts, {missing} to be translated")
    return 0


def _files(places: Iterable[str]) -> Iterator[Path]:
    for place in places:
        path = ROOT / place
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


if __name__ == "__main__":
    sys.exit(main())
