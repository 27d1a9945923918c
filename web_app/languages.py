"""The language in which the API answers and the page speaks: English, or one the team's texts are translated into."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from views.catalogues import SOURCE, TEAM_LANGUAGES, our_catalogues, team_language
from views.language import speaking
from web_app.accepted_codes import accepted_codes
from web_app.problems import is_api

LANGUAGES = (SOURCE, *TEAM_LANGUAGES)


def accepted_language(header: str) -> str:
    """Return the language of the API and the admin page for an Accept-Language header; English for none."""
    return team_language(*accepted_codes(header))


class AcceptedLanguage:
    """Looks up the texts of the API's answers in the language the request accepts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        with speaking(our_catalogues().of(accepted_language(Headers(scope=scope).get("accept-language", "")))):
            await self._app(scope, receive, send)
