"""Alerts for machines: a JSON POST to ALERT_WEBHOOK_URL. The address may hold a key, so it is never shown."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp
import structlog
from pydantic import SecretStr

log = structlog.get_logger("tollgate.alerts")

#: seconds one request may take in all
TIMEOUT_S = 5.0
#: seconds before the one repetition
RETRY_AFTER_S = 1.0
#: characters of a text
TEXT_MAX = 4000
SOURCE = "tollgate"

Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class _Problem:
    name: str
    #: worth a second try
    may_pass: bool


class AlertWebhook:
    """Hands alerts to one address. Opens its session with the first one; `close` ends it."""

    def __init__(self, url: SecretStr, *, timeout_s: float = TIMEOUT_S, sleep: Sleep = asyncio.sleep) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        #: all of the address that may be logged
        self._host = urlsplit(url.get_secret_value()).hostname

    async def __call__(self, incident: str | None, state: str, text: str, at: datetime) -> bool:
        """POST one alert, twice if need be; whether it was taken (2xx). Raises nothing ordinary."""
        body = {
            "incident": incident,
            "state": state,
            "text": text[:TEXT_MAX],
            "at": at.isoformat(timespec="milliseconds"),
            "source": SOURCE,
        }
        problem = await self._post(body)
        if problem is not None and problem.may_pass:
            await self._sleep(RETRY_AFTER_S)
            problem = await self._post(body)
        if problem is not None:
            log.warning("alert.not_posted", host=self._host, incident=incident, error=problem.name)
        return problem is None

    async def close(self) -> None:
        """End the session; a call afterwards opens another."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: dict[str, str | None]) -> _Problem | None:
        """None: taken."""
        try:
            # a redirect would carry the alert, and perhaps the key, to somebody else
            async with self._open().post(self._url.get_secret_value(), json=body, allow_redirects=False) as answer:
                # its body is not read: however long it is, nobody looks at it
                status = answer.status
        except TimeoutError:
            return _Problem("no answer in time", may_pass=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # the class alone: the texts quote the address
            return _Problem(type(error).__name__, may_pass=True)
        if 200 <= status < 300:
            return None
        return _Problem(f"status {status}", may_pass=status >= 500 or status == 429)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Tollgate"},
                trust_env=False,
            )
        return self._session
