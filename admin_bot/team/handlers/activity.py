"""What the team did: pages, filters, and a file."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiogram import Bot, F, Router
from aiogram.types import BufferedInputFile, CallbackQuery

from admin_bot.middlewares.questions import EndQuestion
from admin_bot.screens import toast, turn_to
from admin_bot.team.members import TeamService
from core.clock import Clock
from core.csv_tables import to_csv
from core.days import start_of_day
from database.operations import audit_ops
from database.operations.audit_ops import AuditEntry, AuditFilter
from views.team import activity as views
from views.team import activity_table
from views.team.callbacks import Activity, ActivityChoice, ChooseActivity

#: entries in one file
FILE_MAX = 50_000


def _wanted(place: Activity | ChooseActivity, zone: ZoneInfo) -> AuditFilter:
    """Return which actions a button asks for. Raises ValueError for a forged day."""
    since = until = None
    if place.day:
        day = datetime.strptime(place.day, "%Y%m%d").replace(tzinfo=zone)
        since, until = day, start_of_day(day + timedelta(hours=36), zone)
    return AuditFilter(place.who or None, place.area, since, until)


def _lines(entries: Sequence[AuditEntry]) -> list[activity_table.Line]:
    return [activity_table.Line(one.at, one.admin_id, one.action, one.target, one.before, one.after) for one in entries]


async def show(
    query: CallbackQuery, callback_data: Activity, bot: Bot, members: TeamService, clock: Clock, zone: ZoneInfo
) -> None:
    wanted = _wanted(callback_data, zone)
    entries, more = await audit_ops.page(wanted, skip=callback_data.page * views.PAGE, limit=views.PAGE)
    names, now = await members.names(), clock.now()
    screen = views.activity_screen(_lines(entries), callback_data, names, now, zone, more=more)
    await turn_to(query, bot, screen)


async def choose(
    query: CallbackQuery, callback_data: ChooseActivity, bot: Bot, members: TeamService, clock: Clock, zone: ZoneInfo
) -> None:
    place = Activity(who=callback_data.who, area=callback_data.area, day=callback_data.day)
    if callback_data.what is ActivityChoice.WHO:
        screen = views.choose_who(place, await members.listed())
    elif callback_data.what is ActivityChoice.AREA:
        screen = views.choose_area(place)
    else:
        screen = views.choose_day(place, clock.now(), zone)
    await turn_to(query, bot, screen)


async def send_file(
    query: CallbackQuery, callback_data: ChooseActivity, bot: Bot, members: TeamService, zone: ZoneInfo
) -> None:
    await toast(query)
    names = await members.names()
    found, more = await audit_ops.page(_wanted(callback_data, zone), skip=0, limit=FILE_MAX)
    rows = [activity_table.row(line, names, zone) for line in _lines(found)]
    file = BufferedInputFile(to_csv(activity_table.COLUMNS, rows), "activity.csv")
    caption = views.file_caption(len(rows), is_all=not more)
    await bot.send_document(query.from_user.id, file, caption=caption)


def build() -> Router:
    router = Router(name="admin activity")
    router.callback_query.middleware(EndQuestion())
    router.callback_query.register(show, Activity.filter())
    router.callback_query.register(send_file, ChooseActivity.filter(F.what == ActivityChoice.CSV))
    router.callback_query.register(choose, ChooseActivity.filter())
    return router
