"""Renders the sheets of `verification_texts` as HTML answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from core.payloads import token_payload
from core.verification import Token, VerificationResult
from views.catalogues import direction, our_catalogues
from views.language import speaking
from views.subscribers import verification_texts as texts
from views.subscribers.verification_texts import Action, Sheet
from web_app.accepted_codes import accepted_codes
from web_app.pages.assets import Assets
from web_app.services import Services

TEMPLATES = Path(__file__).parents[1] / "templates"
#: seconds until a verified page redirects by itself; the animation in page.css has the same length
REDIRECT_AFTER_S = 3
#: the longest wait the page counts down; page.css has a rule for each of its seconds
COUNTED_MAX_S = 60
#: Retry-After of a 503, in seconds
RETRY_AFTER_S = 5
#: HTTP status by judgement, for caches, crawlers and monitors; None: the token waits for its button
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
    """Hidden fields of the page's form; empty when the visitor did not come from a shortener of ours."""

    host: str = ""
    seal: str = ""


class Pages:
    """Renders every page for visitors."""

    def __init__(self, services: Services, assets: Assets) -> None:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = environment.get_template("page.html")
        self._catalogues = our_catalogues()
        self._links = services.links
        self._bot = services.bot_username
        self._addresses = {"style": assets.url("page.css"), "icon": assets.url("icon.svg")}

    def of_token(
        self,
        token: Token | None,
        result: VerificationResult | None,
        headers: Headers,
        *,
        redirects: bool = False,
        form: Form | None = None,
        wait_s: int = 0,
    ) -> Response:
        """The page of a token; without a judgement, and too fast, it has the button, with `form` as hidden fields.

        `wait_s`: seconds until the button counts. `headers`: of the request, for the language where there is no token.
        """
        if token is None:
            return self._for_anybody(texts.unknown, STATUS[VerificationResult.UNKNOWN], headers)
        language = self._catalogues.choose(token.language)
        with speaking(self._catalogues.of(language)):
            if result is None:
                sheet = texts.to_finish(wait_s)
            elif result is VerificationResult.TOO_FAST:
                sheet = texts.too_fast(wait_s)
            elif result is VerificationResult.VERIFIED:
                # the redirect needs the bot's name
                sheet = texts.verified(goes_on=redirects and bool(token.bot_username or self._bot))
            else:
                sheet = texts.turned_down(result, token)
        return self._render(sheet, STATUS[result], language=language, token=token, form=form)

    def nothing_here(self, headers: Headers) -> Response:
        """404 for an unknown address. `headers`: of the request, here and below: they tell the language."""
        return self._for_anybody(texts.nothing_here, 404, headers)

    def not_understood(self, status: int, headers: Headers, more: Mapping[str, str] | None = None) -> Response:
        """A refusal of a request that our pages do not make. `more`: headers of the answer."""
        return self._for_anybody(texts.not_understood, status, headers, more)

    def unavailable(self, headers: Headers, status: int = 503) -> Response:
        """503: the database does not answer. 504: not in time."""
        return self._for_anybody(texts.unavailable, status, headers, {"Retry-After": str(RETRY_AFTER_S)})

    def too_many(self, headers: Headers, wait_s: int) -> Response:
        """429: too many visits; to be tried again in `wait_s` seconds."""
        return self._for_anybody(texts.unavailable, 429, headers, {"Retry-After": str(wait_s)})

    def failed(self, error_id: str, headers: Headers) -> Response:
        """500 with the id that is in the log."""
        return self._for_anybody(partial(texts.failed, error_id), 500, headers)

    def _for_anybody(
        self,
        make: Callable[[], Sheet],
        status: int,
        headers: Headers,
        more: Mapping[str, str] | None = None,
    ) -> Response:
        """Render a sheet for somebody of whom nothing is known but what the browser asks for."""
        language = self._catalogues.choose(*accepted_codes(headers.get("accept-language", "")))
        with speaking(self._catalogues.of(language)):
            sheet = make()
        answered = {"Vary": "Accept-Language", **(more or {})}
        return self._render(sheet, status, language=language, headers=answered)

    def _render(
        self,
        sheet: Sheet,
        status: int,
        *,
        language: str,
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
            href=self._href(sheet.action, bot, token),
            form=form or Form(),
            redirect_after_s=REDIRECT_AFTER_S,
            counted_s=sheet.wait_s if sheet.wait_s <= COUNTED_MAX_S else 0,
        )
        return HTMLResponse(html, status, headers)

    def _href(self, action: Action | None, bot: str, token: Token | None) -> str | None:
        """The address of the button; None when there is no link: no action, the form's own button, or no known bot."""
        if action is Action.AGAIN:
            return ""  # an empty reference is the address of the page itself
        if action in (None, Action.FINISH) or not bot:
            return None
        address = f"{self._links}/{quote(bot, safe='')}"
        if action is Action.REDEEM and token is not None:
            return f"{address}?start={token_payload(token.token)}"
        return f"{address}?start=newtoken" if action is Action.NEW_TOKEN else address
