"""Every handler speaks the language of whoever wrote: aiogram's i18n with our catalogues."""

from gettext import GNUTranslations
from typing import Any

from aiogram.types import TelegramObject
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n.middleware import I18nMiddleware

from core.users import User
from database.team import Team
from sender.updates.acknowledgement import Handler
from sender.updates.languages import answer_in
from views.catalogues import LOCALES, SOURCE, Catalogues
from views.language import speaking


class PoFiles(I18n):
    """aiogram's I18n; by itself it would read compiled files only."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        super().__init__(path=LOCALES, default_locale=SOURCE)

    def find_locales(self) -> dict[str, GNUTranslations]:
        return {code: self._catalogues.of(code) for code in self._catalogues.languages}


class SubscriberLanguage(I18nMiddleware):
    """Handlers behind it, and the tasks they start, read the texts of `views` in the subscriber's language."""

    def __init__(self, catalogues: Catalogues, team: Team) -> None:
        super().__init__(PoFiles(catalogues))
        self._catalogues = catalogues
        self._team = team

    async def get_locale(self, event: TelegramObject, data: dict[str, Any]) -> str:
        """Return the language they chose, else that of their app, else the owner's, else English."""
        user = data.get("user")
        if not isinstance(user, User):
            return SOURCE
        own = self._catalogues.find(user.chosen_language, user.language)
        language = own or self._catalogues.choose(*await self._team.owner_languages())
        answer_in(data, language)
        return language

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        async def in_language(event: TelegramObject, data: dict[str, Any]) -> Any:
            with speaking(self.i18n.locales[self.i18n.current_locale]):
                return await handler(event, data)

        return await super().__call__(in_language, event, data)
