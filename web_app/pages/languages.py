"""The catalogues beside `views`, read when the app is built."""

from gettext import GNUTranslations, NullTranslations
from pathlib import Path

import views
from views.subscribers.verification_texts import Translate

LOCALES = Path(views.__file__).parent / "locales"
DOMAIN = "web"
DEFAULT = "en"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


class Languages:
    """Finds the words of a language."""

    def __init__(self, folder: Path = LOCALES) -> None:
        self._catalogues: dict[str, NullTranslations] = {DEFAULT: NullTranslations()}
        for path in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")):
            with path.open("rb") as file:
                self._catalogues[path.parts[-3]] = GNUTranslations(file)

    @property
    def known(self) -> frozenset[str]:
        """Codes of the languages there are."""
        return frozenset(self._catalogues)

    def choose(self, code: str | None) -> str:
        """The language for a code as Telegram tells it (`de`, `pt-br`); English when there is none."""
        name = (code or "").lower().replace("_", "-").partition("-")[0]
        return name if name in self._catalogues else DEFAULT

    def translate(self, language: str) -> Translate:
        """What turns an English sentence into `language`, one of `known`."""
        return self._catalogues[language].gettext


def direction(language: str) -> str:
    """The way it is written, as HTML's `dir`."""
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"
