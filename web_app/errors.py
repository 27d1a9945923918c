"""The web error middleware: whatever breaks, a person gets a page, a program JSON, and the log the rest."""

import secrets

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import StoreUnavailable
from web_app import problems as api_problems
from web_app.pages.rendering import Pages

log = structlog.get_logger("tollgate.web_app")


class ErrorPages:
    """Answers what no page has answered. The address is not logged: there is a token in it."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False
        is_api = api_problems.is_api(scope.get("path", ""))

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            log.debug("web.visitor_left")
            return
        except StoreUnavailable as error:
            log.warning("web.store_unavailable", error=str(error))
            answer = api_problems.unavailable() if is_api else self._pages.unavailable()
        # one of the three places (STYLE 10): a visitor must not meet a stack trace, whatever the bug
        except Exception as error:
            error_id = secrets.token_hex(3)
            log.error("web.failed", error_id=error_id, method=scope.get("method"), exc_info=error)
            answer = api_problems.failed(error_id) if is_api else self._pages.failed(error_id)
        else:
            return
        if not has_begun:
            await answer(scope, receive, send)
