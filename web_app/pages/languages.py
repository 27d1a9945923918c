"""The translations of the verification page: gettext catalogues in views/locales, read when the app is built."""

from gettext import GNUTranslations, NullTranslations
from pathlib import Path

import views
from views.subscribers.verification_texts import Translate

LOCALES = Path(views.__file__).parent / "locales"
DOMAIN = "web"
DEFAULT = "en"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


class Languages:
    """The languages there are catalogues for, and English."""

    def __init__(self, folder: Path = LOCALES) -> None:
        self._catalogues: dict[str, NullTranslations] = {DEFAULT: NullTranslations()}
        for path in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")):
            with path.open("rb") as file:
                self._catalogues[path.parts[-3]] = GNUTranslations(file)

    @property
    def known(self) -> frozenset[str]:
        """Codes of all languages."""
        return frozenset(self._catalogues)

    def choose(self, code: str | None) -> str:
        """Return the language for a Telegram language code (`de`, `pt-br`); English without a catalogue for it."""
        name = (code or "").lower().replace("_", "-").partition("-")[0]
        return name if name in self._catalogues else DEFAULT

    def translate(self, language: str) -> Translate:
        """Return the function that translates an English sentence into `language`, one of `known`."""
        return self._catalogues[language].gettext


def direction(language: str) -> str:
    """The writing direction, as HTML's `dir`."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"
