"""Builds the web app from the configuration: as a component of `main.py`, or alone for `python -m web_app`."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from config import Settings
from core.clock import Clock, SystemClock
from core.supervisor import Supervisor
from database.connection import close_database
from database.secret_file import OWNERS, SESSIONS, NoSecret, find_secret, read_secret
from database.team import Team
from runtime.lifecycle import CannotStart, Component, open_store, serve_until_stopped, take_sandbox_time
from runtime.sandbox_clock import follow_clock
from schedulers import registry
from web_app.app import build_app, build_ops_app
from web_app.auth.mini_app import mini_app_key
from web_app.ops import OpsAccess, Reach
from web_app.services import AdminServices, Keys, Services
from web_app.serving import WebServer
from web_app.updates import Receivers

#: connections at once of the port for machines: a few probes and Prometheus
OPS_CONNECTIONS_MAX = 32


@dataclass(frozen=True, slots=True)
class WebComponent:
    """The web app in a process, or its port for machines: it listens already, and answers once `serve` runs."""

    state: str
    serve: Coroutine[Any, Any, None]
    server: WebServer
    name: str = "web app"
    #: the bots that take posted updates here
    receiving: "Receiving | None" = None

    async def stop(self) -> bool:
        """Make `serve` return, within two seconds after the bots have ended: the posts under way are answered first."""
        if self.receiving is not None:
            await self.receiving.until_ended()
        return await self.server.stop()


@dataclass(frozen=True, slots=True)
class Receiving:
    """The bots of this process that take posted updates."""

    by_bot: Receivers
    #: returns when none of them handles an update any more
    until_ended: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _WebProcess:
    """The tasks and the stop signal of a process that runs only the web app."""

    tasks: Supervisor = field(default_factory=Supervisor)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def services_of(
    settings: Settings,
    clock: Clock,
    bot_username: str = "",
    admin: AdminServices | None = None,
    update_states: Mapping[str, str] | None = None,
    receivers: Receivers | None = None,
) -> Services:
    """Collect what the app needs. Without PUBLIC_BASE_URL there is no verification page."""
    return Services(
        clock=clock,
        links=settings.telegram_links,
        page_key=page_key(settings),
        shortener_hosts=shortener_hosts(settings),
        zone=settings.zone,
        base_path=urlsplit(settings.PUBLIC_BASE_URL).path,
        bot_username=bot_username,
        hosts=settings.web_hosts,
        ops=web_port_access(settings),
        trusted_proxies=settings.TRUSTED_PROXIES,
        has_page=bool(settings.PUBLIC_BASE_URL),
        admin=admin,
        # the very same mapping, which is still empty: the bots write into it
        update_states={} if update_states is None else update_states,
        receivers=receivers,
    )


def web_port_access(settings: Settings) -> OpsAccess:
    """Whom /readyz and /metrics answer on the port of the pages (docs/decisions/0052-ops-and-hosts.md).

    With a public address and nothing set, nobody: a proxy in front may pass on everything, and look like this machine.
    """
    if settings.OPS_PORT is not None:
        return OpsAccess(Reach.NOWHERE)
    if token := settings.OPS_TOKEN.get_secret_value():
        return OpsAccess(Reach.ANYWHERE, token)
    return OpsAccess(Reach.THIS_MACHINE if settings.is_for_this_machine else Reach.NOWHERE)


def admin_services(settings: Settings, clock: Clock, team: Team | None = None) -> AdminServices:
    """Collect what the admin page and its API need. May write a new session secret to DATA_DIR. Raises CannotStart.

    `team`: that of the bots of this process, which knows how its members are called.
    """
    try:
        secret = find_secret(
            settings.DATA_DIR, SESSIONS, configured=settings.JWT_SECRET.get_secret_value(), variable="JWT_SECRET"
        )
    except NoSecret as error:
        raise CannotStart(str(error), status=2) from None
    return AdminServices(
        keys=Keys(secret, mini_app_key(settings.ADMIN_BOT_TOKEN.get_secret_value())),
        team=team or Team(settings.ADMIN_IDS, partial(read_secret, settings.DATA_DIR, OWNERS), clock),
        plans=registry.plans(settings.zone, settings.job_times),
        zone=settings.zone,
        base_url=settings.PUBLIC_BASE_URL,
        storage_channel_id=settings.STORAGE_CHANNEL_ID,
    )


def page_key(settings: Settings) -> bytes:
    """A key derived from the user bot's token: every process with this bot has the same one."""
    secret = settings.USER_BOT_TOKEN.get_secret_value().encode()
    return hmac.new(secret, b"tollgate verification page", sha256).digest()


def shortener_hosts(settings: Settings) -> frozenset[str]:
    """The configured hosts of every shortener of the environment and the host of its API, in lower case."""
    api_hosts = (urlsplit(shortener.api_url).hostname or "" for shortener in settings.SHORTENERS)
    configured = (host.lower() for shortener in settings.SHORTENERS for host in shortener.hosts)
    return frozenset({*api_hosts, *configured}) - {""}


def component(
    settings: Settings,
    clock: Clock,
    bot_username: str = "",
    update_states: Mapping[str, str] | None = None,
    receiving: Receiving | None = None,
    team: Team | None = None,
) -> WebComponent:
    """Build the web app as a component of a process, and bind its port.

    `update_states`: how this process takes the updates of each bot, as it is now; /readyz shows it.

    Raises CannotStart when the port cannot be bound, or there is no secret for sessions.
    """
    receivers = None if receiving is None else receiving.by_bot
    admin = admin_services(settings, clock, team)
    server = WebServer(build_app(services_of(settings, clock, bot_username, admin, update_states, receivers)))
    listening = _listen(server, settings.WEB_HOST, settings.WEB_PORT, "WEB_HOST, WEB_PORT")
    seen = f"seen as {settings.PUBLIC_BASE_URL}" if settings.PUBLIC_BASE_URL else "for this machine"
    return WebComponent(f"http://{listening}, {seen}", server.serve(), server, receiving=receiving)


def ops_component(
    settings: Settings, clock: Clock, update_states: Mapping[str, str] | None = None
) -> WebComponent | None:
    """Build what serves OPS_PORT, and bind it; None when it is not set. Raises CannotStart when it cannot be bound.

    `update_states`: as for `component`.
    """
    if settings.OPS_PORT is None:
        return None
    token = settings.OPS_TOKEN.get_secret_value()
    app = build_ops_app(clock, OpsAccess(Reach.ANYWHERE, token), settings.web_hosts, update_states)
    server = WebServer(app, most=OPS_CONNECTIONS_MAX)
    listening = _listen(server, settings.OPS_HOST, settings.OPS_PORT, "OPS_HOST, OPS_PORT")
    return WebComponent(f"http://{listening}", server.serve(), server, name="ops port")


def components(
    settings: Settings,
    clock: Clock,
    bot_username: str = "",
    update_states: Mapping[str, str] | None = None,
    receiving: Receiving | None = None,
    team: Team | None = None,
) -> list[Component]:
    """Build `component`, and `ops_component` when its port is set, and bind both ports. Raises CannotStart."""
    states: Mapping[str, str] = {} if update_states is None else update_states
    ops = ops_component(settings, clock, states)
    try:
        web = component(settings, clock, bot_username, states, receiving, team)
    except CannotStart:
        if ops is not None:
            ops.serve.close()
            ops.server.close()
        raise
    return [web] if ops is None else [web, ops]


def _listen(server: WebServer, host: str, port: int, names: str) -> str:
    """Bind the port of a server; return the address it listens on. Raises CannotStart, which names the settings."""
    try:
        return _address(host, server.listen(host, port))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CannotStart(f"{names}: cannot listen on {_address(host, port)}: {why}") from None


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def main(settings: Settings) -> None:
    """Run only the web app, until SIGINT or SIGTERM."""
    clock, process = SystemClock(), _WebProcess()
    try:
        if settings.SANDBOX_CLOCK_URL:
            await take_sandbox_time(settings.SANDBOX_CLOCK_URL, clock)
            process.tasks.keep_running(
                partial(follow_clock, settings.SANDBOX_CLOCK_URL, clock), "sandbox clock", SystemClock()
            )
        await open_store(settings, clock)
        await serve_until_stopped(process, components(settings, clock))
    finally:
        await process.tasks.close()
        await close_database()
