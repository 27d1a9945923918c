"""/stats: the numbers, those that are not known, and new counts."""

import asyncio
from datetime import timedelta

import pytest
from aiogram.methods import EditMessageText, SendMessage

from admin_bot.run_follower import POLL_EVERY_S
from core.days import start_of_day
from core.jobs import JobOutcome
from core.statistics import Count, TopPost
from core.users import Visitor
from database.operations import audit_ops, run_ops, statistics_ops, user_ops
from schedulers import registry
from tests.bots.admin_bot.conftest import OWNER, AdminBot
from tests.bots.admin_bot.faults import away_at
from tests.bots.admin_bot.standstill import settle
from tests.bots.admin_bot.statistics.charts import Pencil, albums, charts, counted, the_text
from tests.bots.admin_bot.system.runs import end, ended, take
from tests.bots.admin_bot.telegram import bad_request
from views.screen_limits import fits
from views.statistics import texts


@pytest.fixture
def pencil(admin: AdminBot) -> Pencil:
    pencil = Pencil()
    charts(admin)._draw = pencil
    return pencil


# --- numbers


async def test_the_numbers_of_today_and_the_last_days(admin: AdminBot, pencil: Pencil) -> None:
    for day in range(3):
        await counted(admin, day, new_users=5 + day)
    await ended(admin, registry.STATISTICS.name, ago=timedelta(minutes=10))
    for user_id in (1, 2):
        await user_ops.upsert_visitor(Visitor(user_id=user_id, first_name="Ann"), admin.clock.now())
    await admin.say("/stats")
    week = the_text(admin)
    assert week.startswith("<b>Last 7 days</b>, counted <tg-time")
    assert "Subscribers: 18 new, 20.0 active a day" in week
    assert "Posts delivered: 120" in week
    assert "Unlocks: 81 of 99 pages made, too fast: 9 (10.0 % of both)" in week
    assert "Only 3 days of them were counted." in week
    assert "<b>In all</b>: 2 subscribers · 0 posts · 0 late deletions" in week, "counted now, not by the last count"
    assert "At the last count: 12 blocked the bot · database 3.4 MB" in week
    assert "Most wanted today: \u2068&lt;b&gt;Best&lt;/b&gt;\u2069, 7 people" in week
    await admin.press("Today")
    assert the_text(admin).splitlines()[1:6] == [
        "Subscribers: 5 new, 20 active",
        "Posts delivered: 40",
        "Unlocks: 27 of 33 pages made, too fast: 3 (10.0 % of both)",
        "Broadcasts: 1, which reached 1,500 people",
        "Yesterday: 6 new, 40 posts delivered",
    ]
    assert "✓ Today" in admin.buttons()
    assert len(admin.world.screens) == 1, "the same message"


async def test_days_without_a_count_say_not_counted_and_never_zero(admin: AdminBot, pencil: Pencil) -> None:
    await admin.say("/stats")
    assert "No recent count is known." in the_text(admin)
    for button, heading in (("Today", "Today"), ("7 days", "Last 7 days"), ("30 days", "Last 30 days")):
        await admin.press(button) if f"✓ {button}" not in admin.buttons() else None
        assert f"<b>{heading}</b>\nnot counted yet" in the_text(admin)
    assert "0 new" not in the_text(admin)
    assert "Most wanted" not in the_text(admin)
    await admin.press("Pictures")
    assert albums(admin) == []
    assert admin.toasts[-1] == texts.NOTHING_TO_DRAW


async def test_a_day_with_nothing_but_a_broadcast_is_not_counted(admin: AdminBot, pencil: Pencil) -> None:
    today = start_of_day(admin.clock.now(), admin.data["zone"])
    await statistics_ops.add_once(today, "broadcast", {"broadcast_sent": 7})
    await admin.callback("sn:1")
    assert "<b>Today</b>\nnot counted yet" in the_text(admin)


async def test_the_first_day_of_a_period_is_counted_and_the_one_before_is_not(admin: AdminBot, pencil: Pencil) -> None:
    for day in (0, 6, 7, 29, 30, 95):
        await counted(admin, day)
    for span, words in ((7, "10 new"), (30, "20 new"), (90, "25 new")):
        await admin.callback(f"sn:{span}")
        assert f"Subscribers: {words}" in the_text(admin)


async def test_no_percentage_is_shown_without_verifications(admin: AdminBot, pencil: Pencil) -> None:
    await counted(admin, 0, verified=0, bypassed=0, broadcasts=0, broadcast_copies=0)
    await ended(admin, registry.STATISTICS.name)
    await admin.say("/stats")
    assert "Unlocks: 0 of 33 pages made, too fast: 0\n" in the_text(admin)
    assert "Broadcasts: 0\n" in the_text(admin)


async def test_the_longest_numbers_and_titles_fit(admin: AdminBot, pencil: Pencil) -> None:
    zone, now = admin.data["zone"], admin.clock.now()
    today = start_of_day(now, zone)
    posts = [TopPost(code="A" * 16, title="<&\U0001f600" * 200, deliveries=10**12)] * 10
    huge = dict.fromkeys(Count, 10**15)
    assert await statistics_ops.write_day(today, 1, now, huge, posts=posts)
    await admin.say("/stats")
    assert fits(the_text(admin))


# --- new counts


async def test_refresh_requests_a_count_and_the_message_is_updated_until_it_ends(
    admin: AdminBot, pencil: Pencil
) -> None:
    await admin.say("/stats")
    await admin.press("Refresh")
    assert admin.toasts == [texts.COUNTING]
    assert "A new count is asked for and not done yet." in admin.last_text
    run = await take(admin, registry.STATISTICS.name)
    await counted(admin, 0)
    await end(admin, run)
    await admin.time.move(POLL_EVERY_S)
    assert "Subscribers: 5 new, 20.0 active" in admin.last_text
    assert "not done yet" not in admin.last_text
    assert admin.supervisor.running == 0
    assert [(entry.action, entry.target) for entry in await audit_ops.last(5)] == [
        ("job.run", registry.STATISTICS.name)
    ]


async def test_two_concurrent_presses_of_refresh_request_one_count(admin: AdminBot, pencil: Pencil) -> None:
    await asyncio.gather(admin.callback("sc:7"), admin.callback("sc:7"))
    assert len(await run_ops.find_requests()) == 1
    assert sorted(map(str, admin.toasts)) == sorted([texts.COUNTING, texts.COUNTING_BEFORE])


async def test_a_poll_during_a_count_costs_two_reads_and_edits_nothing(admin: AdminBot, pencil: Pencil) -> None:
    await admin.callback("sc:7")
    calls: list[tuple[str, str]] = []
    admin.database.before_call = lambda *call: calls.append(call)
    await admin.time.move(POLL_EVERY_S)
    assert calls == [("find_one", "job_leases"), ("find", "job_runs")]
    assert admin.world.of(EditMessageText) == []


@pytest.mark.parametrize("outcome", [JobOutcome.FAILED, JobOutcome.TIMED_OUT])
async def test_a_failed_count_is_shown(admin: AdminBot, pencil: Pencil, outcome: JobOutcome) -> None:
    await ended(admin, registry.STATISTICS.name, ago=timedelta(hours=6))
    await admin.callback("sc:7")
    await end(admin, await take(admin, registry.STATISTICS.name), outcome, "broken")
    await admin.time.move(POLL_EVERY_S)
    assert "The last count did not go well: System, Jobs says why." in admin.last_text


# --- forged buttons and outages


@pytest.mark.parametrize(
    "data", ["sp:8", "sp:-7", "sp:x", "sp:", "sp", "sp:7:1", "sc:1:1", "sc", "sn:8", "sp:99999999999999999999"]
)
async def test_forged_buttons_draw_and_count_nothing(admin: AdminBot, pencil: Pencil, data: str) -> None:
    await counted(admin, 0)
    await admin.callback(data)
    await settle()
    assert len(admin.toasts) == 1
    assert admin.toasts[0]
    assert pencil.drawn == []
    assert await run_ops.find_requests() == []


@pytest.mark.parametrize("event", ["/stats", "sp:7", "sc:7"])
async def test_a_database_outage_at_any_call_delays_the_answer(admin: AdminBot, pencil: Pencil, event: str) -> None:
    await counted(admin, 0)
    number = 0
    while True:
        refuse, calls = away_at(number)
        admin.database.before_call = refuse
        act = admin.say(event) if event.startswith("/") else admin.callback(event)
        doing = asyncio.create_task(act)
        await admin.time.move(1)
        await doing
        admin.database.before_call = None
        assert "Subscribers: 5 new" in the_text(admin)
        assert len(await run_ops.find_requests()) == (event == "sc:7")
        if len(calls) <= number:
            break
        number += 1
    assert number > 5


async def test_a_deleted_message_is_replaced_by_a_new_one(admin: AdminBot, pencil: Pencil) -> None:
    await admin.say("/stats")
    admin.world.fail(EditMessageText, bad_request("message to edit not found"))
    await admin.press("Refresh")
    assert admin.world.of(SendMessage)[-1].chat_id == OWNER.id
    assert "not done yet" in admin.last_text
