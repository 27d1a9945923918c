"""The web app with posts, a channel, subscribers and a team: ways through the API lead somewhere."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from core.clock import ManualClock
from core.team.admins import Role
from core.users import Visitor
from database.connection import Database
from database.operations import user_ops
from database.team import Team
from schedulers import registry
from tests.clocks import WithSeconds
from tests.operations.announcements import announcing
from tests.web.api import posting
from tests.web.auth.signing import ADMIN_TOKEN, EDITOR, MANAGER, OWNER, SECRET, STRANGER, Ticks, add_admin
from tests.web.conftest import BOT, HOSTS, LINKS, NOW, SHORT
from tests.web.fuzz.playing import Rights
from web_app.api.access import ApiAccess, WithRight
from web_app.api.app import api_router
from web_app.app import build_app
from web_app.auth.authenticator import Authenticator
from web_app.auth.cookie import SessionCookie
from web_app.auth.mini_app import mini_app_key
from web_app.rate_limit import Limits
from web_app.services import AdminServices, Keys, Services

#: who asks, by role; None: a stranger with a session that is signed as ours are
PEOPLE = {Role.OWNER: OWNER, Role.MANAGER: MANAGER, Role.EDITOR: EDITOR, None: STRANGER}


def passing_clock() -> ManualClock:
    """Return a clock on which a trigger's wait is over at once: no process runs the jobs here."""
    ticks = Ticks()

    async def pass_by(seconds: float) -> None:
        ticks.now += seconds

    return WithSeconds(ticks, NOW, pass_by)


def services_on(clock: ManualClock) -> Services:
    """Return the services of a web app without its limit on requests."""
    zone = ZoneInfo("Europe/Berlin")
    admin = AdminServices(
        Keys(SECRET, mini_app_key(ADMIN_TOKEN)),
        Team({OWNER}, lambda: None, clock),
        registry.plans(zone),
        zone,
        base_url="https://gate.example",
    )
    unlimited = replace(admin, limits=Limits(10**9, 10**9))
    return Services(
        clock,
        LINKS,
        b"the page's key",
        frozenset({SHORT}),
        bot_username=BOT,
        admin=unlimited,
        hosts=HOSTS | {"testserver"},
    )


def rights_of(services: Services) -> Rights:
    """Return what each operation needs, read from the dependency that checks it."""
    admin = services.admin
    assert admin is not None
    access = ApiAccess(Authenticator(admin.keys, admin.team, services.clock), SessionCookie(), services.clock)
    found: Rights = {}
    for context in iter_route_contexts(api_router(admin, access, "").routes):
        route = context.original_route
        assert isinstance(route, APIRoute)
        named = [one.call.right for one in route.dependant.dependencies if isinstance(one.call, WithRight)]
        for method in route.methods or ():
            found[method, str(context.path)] = named[0] if named else None
    return found


async def furnish(db: Database) -> None:
    """Store something for each of the API's subjects."""
    await add_admin(db, MANAGER, Role.MANAGER)
    await add_admin(db, EDITOR, Role.EDITOR)
    await posting.connect()
    mine = await posting.post("Spring album", created_by=EDITOR)
    owners = await posting.post("Olive's own", created_by=OWNER)
    for post, user_id in ((mine, EDITOR), (owners, OWNER)):
        await announcing.published(NOW, post_code=post.code, chat_id=posting.GARDEN, created_by=user_id, key=post.code)
    for user_id in (1, 2, 3):
        await user_ops.upsert_visitor(Visitor(user_id=user_id, first_name=f"Ann {user_id}"), NOW, source="spring")


def app_of(services: Services) -> FastAPI:
    return build_app(services)
