"""The web error middleware: an unhandled exception becomes a page or a JSON problem, its details go to the log."""

import secrets

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import StoreSlow, StoreUnavailable
from web_app import problems
from web_app.pages.rendering import Pages

log = structlog.get_logger("tollgate.web_app")


class ErrorPages:
    """Answers 503 for an unavailable store, 504 for a slow one and 500 for anything else.

    The address is not logged: it holds a token.
    """

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app = app
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False
        is_api = problems.is_api(scope.get("path", ""))

        async def noting_start(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, noting_start)
        except ClientDisconnect:
            log.debug("web.visitor_left")
            return
        except StoreSlow as error:
            log.warning("web.store_slow", error=str(error))
            answer = problems.slow() if is_api else self._pages.unavailable(Headers(scope=scope), 504)
        except StoreUnavailable as error:
            log.warning("web.store_unavailable", error=str(error))
            answer = problems.unavailable() if is_api else self._pages.unavailable(Headers(scope=scope))
        # one of the three places (STYLE 10): a visitor must not see a stack trace, whatever the bug
        except Exception as error:
            error_id = secrets.token_hex(3)
            log.error("web.failed", error_id=error_id, method=scope.get("method"), exc_info=error)
            answer = problems.failed(error_id) if is_api else self._pages.failed(error_id, Headers(scope=scope))
        else:
            return
        if not has_started:
            await answer(scope, receive, send)
