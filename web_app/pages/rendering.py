"""Sheets as HTML answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from core.payloads import token_payload
from core.verification import Token, VerificationResult
from views.subscribers import verification_texts as texts
from views.subscribers.verification_texts import Action, Sheet
from web_app.pages.assets import Assets
from web_app.pages.languages import DEFAULT, Languages, direction
from web_app.services import Services

TEMPLATES = Path(__file__).parents[1] / "templates"
#: seconds until a verified page leads back by itself; the style sheet counts the same ones down
GOES_ON_AFTER_S = 3
#: seconds after which a visitor may try again when the database is away
RETRY_AFTER_S = 5
#: what the world's caches, crawlers and monitors are told with a result; None: the page that waits for its button
STATUS: Mapping[VerificationResult | None, int] = {
    None: 200,
    VerificationResult.VERIFIED: 200,
    VerificationResult.UNKNOWN: 404,
    VerificationResult.EXPIRED: 410,
    VerificationResult.USED: 410,
    VerificationResult.TOO_FAST: 403,
    VerificationResult.WRONG_ORIGIN: 403,
    VerificationResult.BYPASSED: 403,
}


@dataclass(frozen=True, slots=True)
class Form:
    """Hidden fields of the page's form; empty when the visitor's origin is not one of ours."""

    host: str = ""
    seal: str = ""


class Pages:
    """Renders every page there is."""

    def __init__(self, services: Services, assets: Assets) -> None:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = environment.get_template("page.html")
        self._languages = Languages()
        self._links = services.links
        self._bot = services.bot_username
        self._addresses = {"style": assets.url("page.css"), "icon": assets.url("icon.svg")}

    def of_token(
        self,
        token: Token | None,
        result: VerificationResult | None,
        *,
        goes_on: bool = False,
        form: Form | None = None,
    ) -> Response:
        """What is said of a token; `result` None: it waits for its button, with `form` around it."""
        if token is None:
            return self._render(texts.unknown(), STATUS[VerificationResult.UNKNOWN])
        language = self._languages.choose(token.language)
        translate = self._languages.translate(language)
        if result is None:
            sheet = texts.to_finish(translate)
        elif result is VerificationResult.VERIFIED:
            # without the bot's name there is nowhere to go on to
            sheet = texts.verified(translate, goes_on=goes_on and bool(token.bot_username or self._bot))
        else:
            sheet = texts.turned_down(result, token, translate)
        return self._render(sheet, STATUS[result], language=language, token=token, form=form)

    def nothing_here(self) -> Response:
        """An address without a page: 404."""
        return self._render(texts.nothing_here(), 404)

    def not_understood(self, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """A request that no page of ours makes."""
        return self._render(texts.not_understood(), status, headers=headers)

    def unavailable(self) -> Response:
        """The database is away: 503."""
        return self._render(texts.unavailable(), 503, headers={"Retry-After": str(RETRY_AFTER_S)})

    def failed(self, error_id: str) -> Response:
        """Something unexpected: 500 and the id that stands in the log."""
        return self._render(texts.failed(error_id), 500)

    def _render(
        self,
        sheet: Sheet,
        status: int,
        *,
        language: str = DEFAULT,
        token: Token | None = None,
        form: Form | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        bot = (token.bot_username if token else "") or self._bot
        html = self._template.render(
            **self._addresses,
            sheet=sheet,
            language=language,
            direction=direction(language),
            bot=bot,
            href=self._leads_to(sheet.action, bot, token),
            form=form or Form(),
            goes_on_after_s=GOES_ON_AFTER_S,
        )
        return HTMLResponse(html, status, headers)

    def _leads_to(self, action: Action | None, bot: str, token: Token | None) -> str | None:
        """Where the button leads; None when there is no button, because there is nowhere it could lead."""
        if action is Action.AGAIN:
            return ""  # an empty reference is the address of the page itself
        if action in (None, Action.FINISH) or not bot:
            return None
        address = f"{self._links}/{quote(bot, safe='')}"
        if action is Action.REDEEM and token is not None:
            return f"{address}?start={token_payload(token.token)}"
        return f"{address}?start=newtoken" if action is Action.NEW_TOKEN else address
