"""The web app as a part of a process, and `python -m web_app`."""

import asyncio
import hmac
from collections.abc import Coroutine
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from config import Settings
from core.clock import Clock, SystemClock
from core.supervisor import Supervisor
from database.connection import close_database
from sandbox_clock import follow_clock
from starting import CannotStart, open_store, serve_until_stopped, take_sandbox_time
from web_app.app import build_app
from web_app.services import Services
from web_app.serving import WebServer


@dataclass(frozen=True, slots=True)
class WebPart:
    """The web app at work: listening already, answering once `serve` runs."""

    state: str
    serve: Coroutine[Any, Any, None]
    server: WebServer
    name: str = "web app"

    async def stop(self) -> bool:
        """Have `serve` end within two seconds."""
        return await self.server.stop()


@dataclass(slots=True)
class _Alone:
    """What a process with nothing but the web app stands on."""

    tasks: Supervisor = field(default_factory=Supervisor)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def services_of(settings: Settings, clock: Clock, bot_username: str = "") -> Services:
    """What the pages need of the configuration."""
    return Services(
        clock=clock,
        links=settings.telegram_links,
        page_key=page_key(settings),
        shortener_hosts=shortener_hosts(settings),
        base_path=urlsplit(settings.PUBLIC_BASE_URL).path,
        bot_username=bot_username,
    )


def page_key(settings: Settings) -> bytes:
    """A key every process with the same user bot has, and nobody else."""
    secret = settings.USER_BOT_TOKEN.get_secret_value().encode()
    return hmac.new(secret, b"tollgate verification page", sha256).digest()


def shortener_hosts(settings: Settings) -> frozenset[str]:
    """Where people come from: each shortener's hosts and the one it is asked at, in lower case."""
    asked = (urlsplit(shortener.api_url).hostname or "" for shortener in settings.SHORTENERS)
    named = (host.lower() for shortener in settings.SHORTENERS for host in shortener.hosts)
    return frozenset({*asked, *named}) - {""}


def part(settings: Settings, clock: Clock, bot_username: str = "") -> WebPart:
    """The web app as a part of a process; takes its port at once. Raises CannotStart when it is taken."""
    server = WebServer(build_app(services_of(settings, clock, bot_username)))
    host = settings.WEB_HOST
    try:
        port = server.listen(host, settings.WEB_PORT)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CannotStart(f"WEB_HOST, WEB_PORT: cannot listen on {_address(host, settings.WEB_PORT)}: {why}") from None
    state = f"http://{_address(host, port)}, seen as {settings.PUBLIC_BASE_URL}"
    return WebPart(state, server.serve(), server)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def main(settings: Settings) -> None:
    """The web app alone in a process."""
    if not settings.PUBLIC_BASE_URL:
        raise CannotStart("PUBLIC_BASE_URL: is needed for the web app, like https://example.org", status=2)
    clock, alone = SystemClock(), _Alone()
    try:
        if settings.SANDBOX_CLOCK_URL:
            await take_sandbox_time(settings.SANDBOX_CLOCK_URL, clock)
            alone.tasks.spawn(follow_clock(settings.SANDBOX_CLOCK_URL, clock), "sandbox clock")
        await open_store(settings, clock)
        await serve_until_stopped(alone, [part(settings, clock)])
    finally:
        await alone.tasks.close()
        await close_database()
