"""Alerts for machines: a JSON POST to ALERT_WEBHOOK_URL. The URL may hold a key, so it is never logged or shown."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp
import structlog
from pydantic import SecretStr

from core.clock import Clock

log = structlog.get_logger("tollgate.alerts")

#: timeout of one request in seconds
TIMEOUT_S = 5.0
#: seconds before the only retry
RETRY_AFTER_S = 1.0
#: characters of a text
TEXT_MAX = 4000
SOURCE = "tollgate"


@dataclass(frozen=True, slots=True)
class _Problem:
    name: str
    #: whether a retry may succeed
    is_temporary: bool


class AlertWebhook:
    """Posts alerts to one URL. The first alert opens its HTTP session, `close` closes it."""

    def __init__(self, url: SecretStr, clock: Clock, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        #: the only part of the URL that may be logged
        self._host = urlsplit(url.get_secret_value()).hostname

    async def __call__(self, incident: str | None, state: str, text: str, at: datetime) -> bool:
        """Post one alert, with one retry. Returns whether it was accepted (2xx); failures are logged."""
        body = {
            "incident": incident,
            "state": state,
            "text": text[:TEXT_MAX],
            "at": at.isoformat(timespec="milliseconds"),
            "source": SOURCE,
        }
        problem = await self._post(body)
        if problem is not None and problem.is_temporary:
            await self._clock.sleep(RETRY_AFTER_S)
            problem = await self._post(body)
        if problem is not None:
            log.warning("alert.not_posted", host=self._host, incident=incident, error=problem.name)
        return problem is None

    async def close(self) -> None:
        """Close the session; a later call opens a new one."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: dict[str, str | None]) -> _Problem | None:
        """None when the alert was accepted."""
        try:
            # a redirect could send the alert, and a key in the URL, to another host
            async with self._open().post(self._url.get_secret_value(), json=body, allow_redirects=False) as answer:
                # the body is not needed, and not read whatever its length
                status = answer.status
        except TimeoutError:
            return _Problem("no answer in time", is_temporary=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # only the class: the messages quote the URL
            return _Problem(type(error).__name__, is_temporary=True)
        if 200 <= status < 300:
            return None
        return _Problem(f"status {status}", is_temporary=status >= 500 or status == 429)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Tollgate"},
                trust_env=False,
            )
        return self._session
